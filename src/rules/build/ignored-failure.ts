import type { Location } from "../../core/source.ts";
import type { RunCommand } from "../../stack/image/run-commands.ts";
import { runCommands } from "../../stack/image/run-commands.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { groupBuilds, serverBuilds, weighBuilds } from "../../stack/query-build.ts";
import type { Build } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/ignored-failure",
  title: "A build whose step fails makes no image",
  claim: "pipeline-gates",
  severity: "medium",
  why: "The image is made without what the step should have put into it, pushed like any other, and users meet pages without styles or a program without its packages.",
  *check(stack) {
    const builds = serverBuilds(stack).filter(build => build.model);
    for (const group of groupBuilds(builds, build => build.dockerfilePath)) {
      const steps = new Map(group.flatMap(ignoredSteps).map(each => [each.at.span.start, each]));
      if (steps.size === 0) continue;
      const names = [...new Set([...steps.values()].map(({ name }) => name))];
      yield {
        subject: group[0].dockerfilePath!,
        message: `${group[0].dockerfilePath} goes on when ${listNames(names)} ${names.length === 1 ? "fails" : "fail"}: the image is made all the same.`,
        severity: weighBuilds(group, "medium"),
        evidence: [...steps.values()].map(({ at }) => evidence(at, "its failure is thrown away")),
      };
    }
  },
});

interface Ignored {
  readonly name: string;
  readonly at: Location;
}

/** `RUN npm run build || true`, in the stages that this build makes. */
function ignoredSteps({ model }: Build): Ignored[] {
  return (model?.built ?? []).flatMap(({ stage, workdir }) => {
    const commands = stage.runs.flatMap(run => runCommands(run, workdir));
    return commands.flatMap((command, index): Ignored[] => {
      const next = commands[index + 1]?.words[0]?.value ?? "";
      const thrown = !command.conditional && !command.decisive && /^(?:true|:|echo|printf)$/.test(next);
      const name = thrown ? stepOf(command, commands) : undefined;
      return name ? [{ name, at: command.at }] : [];
    });
  });
}

const steps =
  /^(?:python[\d.]* )?(?:\.\/)?manage\.py (?:collectstatic|compress|compilemessages)\b|^(?:php )?bin\/console (?:asset-map:compile|assets:install|importmap:install|tailwind:build|sass:build)\b|^(?:bundle exec )?(?:\.?\/?bin\/)?(?:rails|rake) assets:precompile\b|^(?:npm|yarn|pnpm|bun) (?:run )?build\b|^(?:npm (?:ci|install)|(?:yarn|pnpm|bun) install|yarn)(?: -\S+)*$|^pip[\d.]* install -r\b|^composer install\b|^prisma generate\b|^npx (?:--\S+ )*prisma generate\b|^go build\b|^cargo build\b|^dotnet (?:publish|build)\b/;

const tests =
  /^(?:python[\d.]* -m |npx |(?:poetry|uv) run )?(?:pytest|jest|vitest|phpunit|rspec)\b|^(?:npm|yarn|pnpm|dotnet|go|cargo|mvn|gradle|\.\/gradlew|\.\/mvnw) (?:run )?test\b/;

/** The step by its words, where an image without its result is not what was meant; trying an install in vain first is no harm. */
function stepOf(command: RunCommand, commands: readonly RunCommand[]): string | undefined {
  const line = wordsOf(command);
  if (!steps.test(line) && !tests.test(line)) return undefined;
  const again = commands.some(other => other !== command && other.decisive && wordsOf(other) === line);
  return again ? undefined : line.split(" ").slice(0, 3).join(" ");
}

function wordsOf({ words }: RunCommand): string {
  return words.map(({ value }) => value ?? "?").join(" ");
}
