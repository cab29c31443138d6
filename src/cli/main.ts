import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { confidences, severities } from "../core/finding.ts";
import { UserError } from "../core/user-error.ts";
import type { AuditFlags } from "./audit.ts";
import type { DrillFlags } from "./drill.ts";
import type { FixFlags } from "./fix.ts";
import { formats } from "./formats.ts";
import type { InitFlags } from "./init.ts";
import { surviveClosedPipes, write } from "./output.ts";
import { version } from "./version.generated.ts";

const examples = `
Examples:
  $ shipworthy audit                          the project in this directory
  $ shipworthy audit ../shop --claim backup-restores
  $ shipworthy audit --format markdown --output review.md
  $ shipworthy audit --format sarif --output shipworthy.sarif --fail-on never
  $ shipworthy audit --write-baseline baseline.json
  $ shipworthy fix --needs-testing            changes that mend findings, as a diff
  $ shipworthy explain recovery/restart-policy

Exit codes:
  0  nothing at or above the threshold (--fail-on, default high)
  1  findings at or above it
  2  wrong usage or settings
  3  something could not be examined, and no finding reached the threshold`;

const fixHelp = `
Examples:
  $ shipworthy fix                            what the safe fixes would change
  $ shipworthy fix --write                    make them
  $ shipworthy fix --needs-testing --rule health/probe-tool
  $ shipworthy fix --big-change --interactive
  $ shipworthy fix --roadmap                  all that is to do, in order
  $ shipworthy fix --needs-testing --patch fixes.patch && git apply fixes.patch

Exit codes:
  0  nothing is left to fix at this level, or everything was written
  1  there are fixes that were not written
  2  wrong usage or settings, or files that must not be written; nothing was changed
  3  something could not be examined, and there was nothing to fix`;

/** A rate that a drill can send. */
function rateOf(text: string): number {
  const rate = Number(text);
  if (!(rate >= 1 && rate <= 1000)) throw new InvalidArgumentError("It is a number from 1 to 1000.");
  return rate;
}

function program(done: (code: number) => void): Command {
  const shipworthy = new Command("shipworthy")
    .description("Is this Compose project ready for production? Evidence across files, not a guess.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", examples);

  shipworthy
    .command("audit")
    .description("read the whole deployment and say which promises it cannot keep")
    .argument("[DIR]", "directory of the project", ".")
    .addOption(new Option("-f, --format <FORMAT>", "how to report").choices(formats).default("text"))
    .addOption(new Option("--json", "the same as --format json").conflicts("format"))
    .option("-o, --output <FILE>", "write the report to a file")
    .option("--claim <ID>", "only findings against this claim (repeatable)", (id, all: string[] = []) => [
      ...all,
      id,
    ])
    .addOption(
      new Option("--severity <LEVEL>", "only findings of at least this severity").choices(severities),
    )
    .addOption(
      new Option("--confidence <LEVEL>", "only findings of at least this confidence")
        .choices(confidences)
        .default("likely"),
    )
    .addOption(
      new Option("--fail-on <LEVEL>", "exit 1 from this severity on (default: high)").choices([
        ...severities,
        "never",
      ]),
    )
    .option("--config <FILE>", "settings to use instead of DIR/shipworthy.yml")
    .option("--no-config", "use no settings")
    .option("--baseline <FILE>", "findings of this file count as accepted")
    .option("--write-baseline <FILE>", "write the findings to a baseline instead of reporting them")
    .option("--drills <FILE>", "show the verdicts that shipworthy drill --report wrote beside the findings")
    .option("--no-accept", "report accepted findings too")
    .option("--no-color", "no colours")
    .option("--debug", "show stack traces")
    .action(async (directory: string, { json, ...flags }: AuditFlags & { readonly json?: true }) => {
      const { auditCommand } = await import("./audit.ts");
      done(await auditCommand(directory, json ? { ...flags, format: "json" } : flags));
    });

  shipworthy
    .command("drill")
    .description("start a clone of the deployed stack on a Docker engine, break it, and say what held")
    .argument("[DIR]", "directory of the project", ".")
    .option("--claim <ID>", "only drills of this claim (repeatable)", (id, all: string[] = []) => [
      ...all,
      id,
    ])
    .option("--list", "say which drills there are for this project, and start nothing")
    .option("--plan", "say what would be done and used, and start nothing")
    .option("--keep", "leave the clone running, to look into it")
    .option("--rate <N>", "requests a second under which meets-its-load looks (default: 20)", rateOf)
    .option("--json", "the run as JSON, progress on standard error")
    .option(
      "--report <FILE>",
      "write the run to a file: JSON, for shipworthy audit --drills, or Markdown by its name",
    )
    .option("--config <FILE>", "settings to use instead of DIR/shipworthy.yml")
    .option("--no-config", "use no settings")
    .option("--no-color", "no colours")
    .option("--debug", "show stack traces")
    .action(async (directory: string, flags: DrillFlags) => {
      const { drillCommand } = await import("./drill.ts");
      done(await drillCommand(directory, flags));
    });

  const lab = shipworthy.command("lab").description("the clones that drills work in");
  lab
    .command("list")
    .description("say which labs there are, and whether one is at work")
    .action(async () => {
      const { labList } = await import("./lab.ts");
      done(await labList());
    });
  lab
    .command("clean")
    .description("remove what labs have left behind, after a crash or a reboot")
    .option("--all", "every lab on the engine, also those at work and those of other users")
    .action(async (flags: { all?: boolean }) => {
      const { labClean } = await import("./lab.ts");
      done(await labClean(flags.all === true));
    });

  shipworthy
    .command("init")
    .description(
      "write a whole stack for applications that have no deployment: nginx, certificates, backup, pipeline",
    )
    .argument("[DIR]", "directory of the repository", ".")
    .option("--name <NAME>", "name of the project (default: the directory's)")
    .option("--write", "write the files, all or none")
    .option("--patch <FILE>", "write one patch for git apply")
    .option("--allow-dirty", "also write files that git could not bring back")
    .action(async (directory: string, flags: InitFlags) => {
      const { initCommand } = await import("./init.ts");
      done(await initCommand(directory, flags));
    });

  shipworthy
    .command("fix")
    .description("show, or write, changes that mend findings; each is audited again before it is offered")
    .argument("[DIR]", "directory of the project", ".")
    .option("--safe", "only fixes that change nothing else (default)")
    .option("--needs-testing", "also fixes that have to be tried before a release")
    .option("--big-change", "also whole files and other structure")
    .option("--rule <ID>", "only findings of this rule (repeatable)", (id, all: string[] = []) => [
      ...all,
      id,
    ])
    .option("--write", "write the files, all or none")
    .option("--interactive", "ask for each fix, then write those that were taken")
    .option("--patch <FILE>", "write one patch for git apply")
    .option("--roadmap", "the fixes of all levels and the decisions in order: immediate, planned, future")
    .option("--json", "report as JSON")
    .option("--allow-dirty", "also write files that git could not bring back")
    .option("--config <FILE>", "settings to use instead of DIR/shipworthy.yml")
    .option("--no-config", "use no settings")
    .option("--no-color", "no colours")
    .option("--debug", "show stack traces")
    .addHelpText("after", fixHelp)
    .action(async (directory: string, flags: FixFlags) => {
      const { fixCommand } = await import("./fix.ts");
      done(await fixCommand(directory, flags));
    });

  shipworthy
    .command("explain")
    .description("print the page of a rule or a drill: what it promises, why, and examples")
    .argument("<RULE>", "id, such as recovery/restart-policy or recovery/survives-kill")
    .option("--no-color", "no colours")
    .action(async (rule: string, flags: { color: boolean }) => {
      const { explainCommand } = await import("./explain.ts");
      await explainCommand(rule, flags.color);
    });

  shipworthy
    .command("rules")
    .description("list the rules")
    .option("--json", "as JSON")
    .action(async (flags: { json?: boolean }) => {
      const { rulesCommand } = await import("./lists.ts");
      rulesCommand(flags.json === true);
    });

  shipworthy
    .command("claims")
    .description("list the claims")
    .option("--json", "as JSON")
    .action(async (flags: { json?: boolean }) => {
      const { claimsCommand } = await import("./lists.ts");
      claimsCommand(flags.json === true);
    });

  for (const command of [shipworthy, ...shipworthy.commands, ...lab.commands]) {
    command.exitOverride().showHelpAfterError("(shipworthy --help lists commands and options)");
  }
  return shipworthy;
}

/** Runs the command line. Gives the exit code; prints a stack trace only under --debug. */
async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const shipworthy = program(result => {
    code = result;
  });
  try {
    await shipworthy.parseAsync(argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UserError) {
      write(process.stderr, `${error.message}\n${error.hint}\n`);
      return 2;
    }
    const detail =
      error instanceof Error && !argv.includes("--debug") ? error.message : (error as Error)?.stack;
    write(
      process.stderr,
      `Shipworthy failed, which is a defect of ours: ${detail}\nRun it with --debug and report what it prints.\n`,
    );
    return 3;
  }
}

surviveClosedPipes();

/** Settled when everything is written. */
export const finished: Promise<void> = main(process.argv).then(code => {
  process.exitCode = code;
});
