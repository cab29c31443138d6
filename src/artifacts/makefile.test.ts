import fc from "fast-check";
import { expect, test } from "vitest";
import { makefile } from "./makefile.ts";

const parse = (text: string) => makefile.parse({ path: "Makefile", text });
const commands = (text: string) =>
  parse(text).model.targets.map(({ name, recipes }) => [
    name.value,
    ...recipes.flatMap(({ script }) =>
      script.commands.map(command => command.words.map(word => word.text).join(" ")),
    ),
  ]);

test("targets, prerequisites and recipes", () => {
  const text =
    "COMPOSE := docker compose -f $(FILE)\nFILE = prod.yml\n.PHONY: up\nup deploy: build ## Start\n\t@$(COMPOSE) up -d; echo $$HOME\n\t-$(UNKNOWN) x\nbuild: ; docker build .\n";
  const { model, problems } = parse(text);
  expect(problems).toEqual([]);
  expect(
    model.targets.map(({ name, prerequisites }) => [name.value, ...prerequisites.map(({ value }) => value)]),
  ).toEqual([["up", "build"], ["deploy", "build"], ["build"]]);
  expect(commands(text)).toEqual([
    ["up", "docker compose -f prod.yml up -d", "echo $HOME", "${UNKNOWN} x"],
    ["deploy", "docker compose -f prod.yml up -d", "echo $HOME", "${UNKNOWN} x"],
    ["build", "docker build ."],
  ]);
  const [first, second] = model.targets[0]!.recipes;
  expect([first!.silent, second!.ignoresFailure]).toEqual([true, true]);
  expect(first!.calls[0]).toMatchObject({ kind: "compose", files: [{ value: "prod.yml" }] });
  expect(text.slice(first!.calls[1]!.at.span.start)).toMatch(/^echo/);
});

test("each recipe line has a shell of its own, continued lines share one", () => {
  const { model } = parse("a:\n\tcd app && \\\n\t  npm ci\n\tnpm test\n");
  expect(
    model.targets[0]!.recipes.flatMap(({ calls }) =>
      calls.filter(call => call.name === "npm").map(call => call.cwd),
    ),
  ).toEqual(["app", ""]);
  expect(commands(".ONESHELL:\na:\n\tcd app\n\tls\n")).toEqual([["a", "cd app", "ls"]]);
  expect(commands(".ONESHELL:\na:\n\t@if a; then \\\n\t\tb; \\\n\tfi\n\t@-c\n")).toEqual([
    ["a", "a", "b", "c"],
  ]);
});

test("a function call that stands alone is no rule, whatever is in it", () => {
  const text = "$(foreach goal,$(GOALS),$(eval $(goal): FORCE ; @:))\nGOALS = a\nb: $(GOALS) ; c\n";
  const { model, problems } = parse(text);
  expect([model.targets.map(each => each.name.value), problems]).toEqual([["b"], []]);
});

test("variables that are set twice, by += or by make's functions are not known", () => {
  expect(commands("A=1\nA=2\nB=x\nB+=y\nt:\n\techo $(A) $(B) $(wildcard *.c) $(shell pwd)\n")).toEqual([
    ["t", "echo ${A} ${B} ${MAKE_FUNCTION} $(pwd)"],
  ]);
});

test("make's own variables begin with a dot", () => {
  const { model } = makefile.parse({
    path: "Makefile",
    text: ".SHELLFLAGS := -eu -c\n.PHONY: a\na:\n\techo a\n",
  });
  expect(model.variables.get(".SHELLFLAGS")?.value).toBe("-eu -c");
  expect(model.targets.map(target => target.name.value)).toContain("a");
});

test("variables that double each other come to an end", () => {
  const text =
    Array.from({ length: 40 }, (_, i) => `V${i} = $(V${i + 1})$(V${i + 1})`).join("\n") +
    "\nV40 = xx\nV50=$(V50)\nt:\n\techo $(V0) $(V50)\n";
  const started = performance.now();
  parse(text);
  expect(performance.now() - started).toBeLessThan(20_000);
});

test("never throws and keeps places inside the text", () => {
  const pieces = [
    "a",
    ":",
    "=",
    "\n",
    "\t",
    "$(",
    ")",
    "$$",
    "$@",
    "\\\n",
    "#",
    "define x\n",
    "endef\n",
    ";",
    "+=",
    "'",
    "shell ",
    "@-",
    "\r\n",
    "if",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), parts => {
      const text = parts.join("");
      for (const { name, recipes } of parse(text).model.targets) {
        expect(name.at.span.end).toBeLessThanOrEqual(text.length);
        for (const { at, calls } of recipes)
          for (const place of [at, ...calls.map(call => call.at)])
            expect(place.span.end).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 800 },
  );
});
