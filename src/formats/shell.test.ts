import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainFragment } from "../core/fragment.ts";
import {
  allCommands,
  commandAfter,
  constantValue,
  optionAt,
  parseShell,
  resolveVariables,
  type ShellScript,
  type Word,
  wordFragment,
} from "./shell.ts";

const parse = (text: string) => parseShell(plainFragment("run.sh", text));
const texts = (script: ShellScript) => script.commands.map(command => command.words.map(word => word.text));
const line = (text: string) => parse(text).commands[0]!;

/** What the oracle reads: offset (UTF-16) and number of words of every simple command. */
function oracle(text: string): [number, number][] | undefined {
  const { syntax } = createRequire(import.meta.url)("mvdan-sh") as {
    syntax: {
      NewParser(): { Parse(text: string, name: string): unknown };
      Walk(node: unknown, visit: (node: OracleNode | null) => boolean): void;
      NodeType(node: OracleNode): string;
    };
  };
  interface OracleNode {
    Args: OracleNode[];
    Pos(): { Offset(): number };
  }
  const bytes = Buffer.from(text, "utf8");
  const found: [number, number][] = [];
  try {
    syntax.Walk(syntax.NewParser().Parse(text, "run.sh"), node => {
      if (node && syntax.NodeType(node) === "CallExpr" && node.Args.length > 0)
        found.push([
          bytes.subarray(0, node.Args[0]!.Pos().Offset()).toString("utf8").length,
          node.Args.length,
        ]);
      return true;
    });
  } catch {
    return undefined;
  }
  return found.sort((a, b) => a[0] - b[0]);
}

function ours(text: string): [number, number][] {
  const found: [number, number][] = [];
  for (const { command } of allCommands(parse(text)))
    if (command.name && !["[[", "((", "local"].includes(command.name.text))
      found.push([command.name.at.span.start, command.words.length]);
  return found.sort((a, b) => a[0] - b[0]);
}

const scripts = [
  `#!/bin/sh\nset -eu\ncd "$(dirname "$0")/.."\ndocker compose -f compose.prod.yml up -d --build web && echo "fertig 🚢 ok" || exit 1\n`,
  `if ! docker compose ps | grep -q Up; then echo no >&2; exit 1; elif test -f x; then a; else b; fi\n`,
  `for i in 1 2 $(seq 3 5); do curl -fsS "http://localhost:$PORT/health" && break; sleep 2; done > log 2>&1\n`,
  `while read -r line; do echo "\${line%%:*}" "\${x:-$(date +%F)}"; done < <(docker ps)\n`,
  `case "$1" in start|up) up ;; (stop) down ;& *) echo "usage: $0 {start|stop}"; exit 64 ;; esac\n`,
  `backup() {\n  local f="/b/$(date +%s).sql"\n  pg_dump -U app app | gzip > "$f" # comment ' here\n}\nbackup; ( cd x && make ) & wait\n`,
  `cat > app.conf <<EOF | tee log\nserver \${NAME} \\$host $(hostname -f)\nEOF\nnginx -t\n`,
  `ssh deploy@host bash -s <<'EOF'\ncd app\ndocker compose up -d\nEOF\necho after\n`,
  `cat <<-A <<B; echo next\n\tone\n\tA\ntwo\nB\necho last\n`,
  `x=$((1 + (2 * 3))); (( x++ )); [[ $x =~ ^(a|b)$ && -n "$y" ]] && echo yes; echo \`uname -r | cut -d. -f1\`\n`,
  `arr=(a "b c" $(ls)); for a in "\${arr[@]}"; do echo \${#arr[@]} \${a//x/y}; done\n`,
  `for ((i=0;i<3;i++)); do echo $i; done; until ping -c1 db; do sleep 1; done\n`,
  `echo a\\\n  b \\\n  c; echo 'it'"'"'s' $'tab\\t' foo#bar # end\n`,
  `function deploy { docker build -t "app:$TAG" . ; }; time -p deploy; ! false\n`,
  `echo $( (cd a; ls) ) "$(echo "in $(echo deep)")" 2>/dev/null >>x <y\n`,
];

describe("commands", () => {
  test.each(scripts)("agrees with the oracle: %s", text => {
    expect(ours(text)).toEqual(oracle(text));
    expect(parse(text).problems).toEqual([]);
  });

  test("agrees with the oracle on any sequence of these scripts", () => {
    const text = fc
      .array(fc.constantFrom(...scripts), { minLength: 2, maxLength: 5 })
      .map(parts => parts.join(""));
    fc.assert(
      fc.property(text, whole => {
        expect(ours(whole)).toEqual(oracle(whole));
      }),
      { numRuns: 25 },
    );
  });

  test("tells how commands are joined", () => {
    const script = parse("a && b || c | d & ! e; f\ng");
    expect(script.commands.map(command => command.connector)).toEqual([
      "&&",
      "||",
      "|",
      "&",
      ";",
      "\n",
      "end",
    ]);
    expect(script.commands.map(command => command.stage)).toEqual([0, 0, 0, 1, 0, 0, 0]);
    expect(script.commands.map(command => command.negated)).toEqual([
      false,
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
    expect(commandAfter(script, script.commands[0]!)?.name?.text).toBe("b");
  });

  test("tells what is around a command", () => {
    const script = parse("f() { if a; then ( b ); else c; fi; }\ncase $1 in x|y) d;; esac");
    const around = script.commands.map(({ within }) =>
      within.map(({ construct, part }) => `${construct.kind}/${part}`),
    );
    expect(around).toEqual([
      ["function/body", "group/body", "if/condition"],
      ["function/body", "group/body", "if/body", "subshell/body"],
      ["function/body", "group/body", "if/else"],
      ["case/body"],
    ]);
    expect(script.functions.map(({ value }) => value)).toEqual(["f"]);
    expect(script.commands[3]!.within[0]!.patterns?.map(word => word.value)).toEqual(["x", "y"]);
  });

  test("keeps a slip local: a missing then does not swallow the rest", () => {
    const script = parse("if a; b; fi\nwhile c; do d; done\ne");
    expect(texts(script).at(-1)).toEqual(["e"]);
    expect(script.commands.at(-1)!.within).toEqual([]);
    expect(parse("if a; then b\n").problems).toHaveLength(1);
    expect(parse("done; x").problems).toHaveLength(1);
  });

  test("reads line ends of Windows", () => {
    expect(texts(parse("a b\r\nc \\\r\n d\r\ncat <<E\r\nx\r\nE\r\nz"))).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["cat"],
      ["z"],
    ]);
  });
});

describe("words", () => {
  const word = (text: string): Word => line(`x ${text}`).words[1]!;

  test("know their value when nothing is expanded", () => {
    expect(word(`a"b c"'d'\\ e$'\\n'`).value).toBe("ab cd e\n");
    expect(word(`""`)).toMatchObject({ value: "", quoted: true });
    expect(word(`"$X"`)).toMatchObject({ value: undefined, quoted: true });
    expect(word(`a"$X"`)).toMatchObject({ value: undefined, quoted: false });
    expect(word("$").value).toBe("$");
    expect(word(`"cost: $"`).value).toBe("cost: $");
  });

  test("name the variable, its operator and its operand", () => {
    const [part] = word("${TAG:-v${N}}").parts;
    expect(part).toMatchObject({ kind: "variable", name: "TAG", operator: ":-" });
    expect(word("${#X}").parts[0]).toMatchObject({ name: "X", prefix: "#" });
    expect(word("${!X}").parts[0]).toMatchObject({ name: "X", prefix: "!" });
    expect(word("${L[@]}").parts[0]).toMatchObject({ name: "L", index: "@" });
    expect(word("${X#*/}").parts[0]).toMatchObject({ name: "X", operator: "#", operand: { text: "*/" } });
  });

  test("keep ANSI quotes and double quotes inside an expansion that is quoted itself", () => {
    const script = parse('echo "${line//[$\'\\r\\n\']}" "${name:-$"none"}"; next');
    expect(script.problems).toEqual([]);
    expect(script.commands.map(command => command.words.length)).toEqual([3, 1]);
  });

  test("take an expression of a workflow as one opaque part, also in quotes", () => {
    const script = parse(
      "ssh ${{ secrets.U }}@${{ a || '}}' }} \"${{ x }}\" '${{ y }}' && if [ ${{ z }} == 1 ]; then a; fi",
    );
    expect(script.problems).toEqual([]);
    expect(script.commands[0]!.words.map(({ parts }) => parts.map(part => part.kind))).toEqual([
      ["literal"],
      ["expression", "literal", "expression"],
      ["expression"],
      ["expression"],
    ]);
  });

  test("are handed on without quotes and escapes, every character with its place", () => {
    const text = `bash -c "cd \\"a b\\"; echo \\$HOME $X" 'it'`;
    const script = parse(text);
    const inner = wordFragment(script, script.commands[0]!.words[2]!);
    expect(inner.text).toBe('cd "a b"; echo $HOME $X');
    expect(text.slice(inner.toFile(11))).toMatch(/^cho/);
    expect(parseShell(inner).commands[1]!.name!.at.span.start).toBe(text.indexOf("echo"));
  });
});

describe("heredocs", () => {
  test("are handed on as the command reads them", () => {
    const heredoc = line("cat > f <<EOF\na \\$b ${C}\\\n d\nEOF\n").redirects[1]!.heredoc!;
    expect(heredoc.body.text).toBe("a $b ${C} d\n");
    expect(heredoc.parts).toMatchObject([{ kind: "variable", name: "C" }]);
    expect(line("cat <<'E'\na \\$b\nE").redirects[0]!.heredoc).toMatchObject({
      quoted: true,
      terminated: true,
      parts: [],
    });
    expect(line("cat <<-E\n\t\ta\n\tE").redirects[0]!.heredoc!.body.text).toBe("a\n");
  });

  test("that never end are a problem, with the line that was meant to end them", () => {
    const script = parse("ssh h <<'EOF'\n  up\n  EOF\necho after\n");
    expect(script.problems).toHaveLength(1);
    expect(script.commands).toHaveLength(1);
    const { heredoc } = script.commands[0]!.redirects[0]!;
    expect(heredoc).toMatchObject({ terminated: false });
    expect(heredoc!.lookalike?.span).toEqual({ start: 19, end: 24 });
  });

  test("hold scripts whose commands know their places in the file", () => {
    const text = "ssh h <<-EOF\n\tcd app\n\techo \\$X\n\tEOF\n";
    const body = parseShell(line(text).redirects[0]!.heredoc!.body);
    expect(texts(body)).toEqual([
      ["cd", "app"],
      ["echo", "$X"],
    ]);
    expect(body.commands[1]!.words[1]!.at.span).toEqual({
      start: text.indexOf("\\$") + 1,
      end: text.indexOf("\\$") + 3,
    });
  });
});

describe("variables", () => {
  const valueIn = (text: string, options = {}) => {
    const script = parse(text);
    return constantValue(script.commands.at(-1)!.words[1]!, resolveVariables(script), options);
  };

  test.each([
    ["A=db\nexport B=$A-1\nx ${B}_c", "db-1_c"],
    ["A=1\nA=2\nx $A", undefined],
    ["if t; then A=1; fi\nx $A", undefined],
    ["t && A=1\nx $A", undefined],
    ["A=1\nread A\nx $A", undefined],
    ["A=1 cmd\nx $A", undefined],
    ["for A in 1; do :; done; A=1\nx $A", undefined],
    ["f() { A=1; }\nx $A", undefined],
    ["A=(docker 'x y')\nx ${A[1]}", "x y"],
    ["x ${A:-d}", undefined],
  ])("%s", (text, expected) => expect(valueIn(text)).toBe(expected));

  test("defaults are taken only when asked for", () => {
    expect(valueIn("x ${A:-d}", { assumeDefaults: true })).toBe("d");
  });
});

test("options are known where they hold", () => {
  const script = parse("#!/bin/bash -e\na\nset -uo pipefail\nb\nset +e\nc\nf() { set -x; }");
  const at = (name: "errexit" | "pipefail" | "xtrace") =>
    script.commands
      .filter(command => command.words.length === 1)
      .map(command => optionAt(script, name, command));
  expect(at("errexit")).toEqual([true, true, false]);
  expect(at("pipefail")).toEqual([false, true, true]);
  expect(at("xtrace")).toEqual([false, false, false]);
});

describe("hostile text", () => {
  const pieces = [
    "a",
    " ",
    "\n",
    "\r\n",
    ";",
    "&&",
    "||",
    "|",
    "&",
    "(",
    ")",
    "{ ",
    "}",
    "$(",
    "$((",
    "))",
    "${",
    "${x:-",
    "`",
    "'",
    '"',
    "\\",
    "<<E\n",
    "<<-'E'\n",
    "E\n",
    "<<<",
    ">",
    "<(",
    "#",
    "if ",
    "then ",
    "fi ",
    "for i in ",
    "do ",
    "done ",
    "case x in ",
    "esac ",
    ";;",
    "[[ ",
    " ]]",
    "x=(",
    "f()",
    "!",
    "${{",
    "}}",
    "é",
    "🚢",
    "function ",
    "while ",
    "EOF",
  ];
  test("never throws and keeps all places inside the text", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 40 }), parts => {
        const text = parts.join("");
        const script = parse(text);
        for (const { command } of allCommands(script)) {
          for (const { at } of [command, ...command.words, ...command.redirects, ...command.assignments]) {
            expect(at.span.start).toBeGreaterThanOrEqual(0);
            expect(at.span.end).toBeGreaterThanOrEqual(at.span.start);
            expect(at.span.end).toBeLessThanOrEqual(text.length);
          }
        }
        for (const { at } of script.problems) expect(at.span.end).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 1500, examples: [[["a", "!", "(", "a", ")"]]] },
    );
  });

  test.each([
    "$((",
    "$(",
    "${x:-",
    "`",
    "((",
    "( ",
    "if ",
    "[[ ",
    "<<E\n",
    "x=(",
    "case x in a) ",
    '"$(',
    "<(",
    "'",
    "f() ",
    "! ",
    "@(",
    "${{",
    "${",
  ])("is read in time: %s repeated", piece => {
    const started = performance.now();
    parse(piece.repeat(20_000));
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
