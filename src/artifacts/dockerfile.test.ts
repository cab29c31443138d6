import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Location } from "../core/source.ts";
import { dockerfile, readDockerfile, stageChain, stageFor, withBuildArgs } from "./dockerfile.ts";
import { durationMs } from "./dockerfile-checks.ts";

const read = (text: string, args: Record<string, string> = {}) =>
  readDockerfile({ path: "Dockerfile", text }, new Map(Object.entries(args)));
const last = (text: string) => read(text).model.stages.at(-1)!;
const slice = (text: string, at: Location) => text.slice(at.span.start, at.span.end);
const messages = (text: string) => read(text).problems.map(each => each.message);

describe("which files", () => {
  test.each([
    "Dockerfile",
    "a/Dockerfile.dev",
    "api.Dockerfile",
    "api.dockerfile",
    "Containerfile",
    "Dockerfile-prod",
    "dockerfile",
  ])("%s is one", path => expect(dockerfile.recognises(path)).toBe(true));
  test.each([
    "Dockerfile.md",
    "Dockerfile.dockerignore",
    ".dockerignore",
    "Dockerfile.sh",
    "WHY_A_DOCKERFILE.md",
    "dockerfiles/a.txt",
    "Dockerfile/x",
    "mydockerfile",
  ])("%s is none", path => expect(dockerfile.recognises(path)).toBe(false));
});

describe("stages", () => {
  const text =
    "ARG V=3.12\nFROM python:${V}-slim AS Base\nENV A=1\nUSER app\nFROM base\nCOPY --from=0 /x /y\nFROM node:20\nCOPY --from=BASE /x .\n";

  test("ARGs are substituted, parents and copies are linked by name or number", () => {
    const { stages } = read(text).model;
    expect(stages.map(each => [each.from.resolved, each.from.parent])).toEqual([
      ["python:3.12-slim", undefined],
      ["base", 0],
      ["node:20", undefined],
    ]);
    expect(stages.map(each => each.copies[0]?.fromStage)).toEqual([undefined, 0, 0]);
    expect(slice(text, stages[0]!.from.image.at)).toBe("python:${V}-slim");
    expect(stages[1]!.steps[0]).toEqual({ kind: "copy", copy: stages[1]!.copies[0] });
  });

  test("build arguments replace defaults", () => {
    const { model } = read(text);
    expect(withBuildArgs(model, new Map([["V", "3.13"]])).stages[0]!.from.resolved).toBe("python:3.13-slim");
  });

  test("a target is found by name without case or by number; without one the last stage", () => {
    const { model } = read(text);
    expect(stageFor(model, "BASE")?.index).toBe(0);
    expect(stageFor(model, "1")?.index).toBe(1);
    expect(stageFor(model)?.index).toBe(2);
    expect(stageFor(model, "nope")).toBeUndefined();
    expect(stageChain(model, model.stages[1]!).map(each => each.index)).toEqual([0, 1]);
  });

  test("a stage that has its own name as image starts from that image", () => {
    expect(last("FROM nginx AS nginx").from).toMatchObject({ resolved: "nginx" });
    expect(last("FROM nginx AS nginx").from.parent).toBeUndefined();
  });

  test.each([
    ["ARG T\nFROM a:${T:-1}", "a:1"],
    ["ARG T=2\nFROM a:${T:-1}", "a:2"],
    ["ARG T=x\nFROM a${T:+:y}", "a:y"],
    ["FROM a${T:+:y}", "a"],
    ['ARG T="q r"\nFROM a', "a"],
    ["ARG T\nFROM a:$T", undefined],
    ["FROM --platform=$BUILDPLATFORM a:$TARGETARCH", undefined],
    ["ARG A=1\nARG B=$A.2\nFROM a:$B", "a:1.2"],
  ])("%j starts from %s", (text, image) => expect(last(text).from.resolved).toBe(image));
});

describe("settings", () => {
  test("ENV in both spellings, with variables known and unknown", () => {
    const text = 'FROM x\nENV A="b c" D=e\\ f\nENV G  h i \nENV J=$A/$G K=$PATH:/x\nARG L=m\nENV N=$L';
    const { env } = last(text);
    expect(env.map(each => [each.name.value, each.value.value, each.resolved])).toEqual([
      ["A", "b c", true],
      ["D", "e f", true],
      ["G", "h i", true],
      ["J", "b c/h i", true],
      ["K", "$PATH:/x", false],
      ["N", "m", true],
    ]);
    expect(slice(text, env[0]!.name.at)).toBe("A");
    expect(slice(text, env[0]!.value.at)).toBe('"b c"');
  });

  test("one ENV does not see its own settings; a stage inherits its parent's", () => {
    expect(last("FROM scratch\nENV A=1 B=$A").env[1]!.value.value).toBe("");
    expect(last("FROM scratch AS a\nENV A=1\nFROM a\nENV B=$A").env[0]!.value.value).toBe("1");
  });

  test("a global ARG reaches a stage only when it is named there", () => {
    expect(last("ARG A=1\nFROM scratch\nENV B=$A").env[0]!.value.value).toBe("");
    expect(last("ARG A=1\nFROM scratch\nARG A\nENV B=$A").env[0]!.value.value).toBe("1");
  });

  test("working directories add up, also on an unknown base and across stages", () => {
    expect(last("FROM x\nWORKDIR app\nCOPY a b").copies[0]).toMatchObject({
      destinationPath: "./app/b",
      absoluteDestination: undefined,
    });
    expect(
      last("FROM x AS y\nWORKDIR /srv\nFROM y\nWORKDIR a/../b\nCOPY . .").copies[0]!.absoluteDestination,
    ).toBe("/srv/b");
    expect(last("FROM x\nWORKDIR /$NOPE\nCOPY a b").copies[0]!.destinationPath).toBeUndefined();
    expect(last("FROM x\nWORKDIR /$NOPE\nCOPY a /b").copies[0]!.absoluteDestination).toBe("/b");
  });

  test("each RUN knows its user and directory", () => {
    const stage = last("FROM x AS p\nUSER a\nFROM p\nRUN one\nWORKDIR /w\nUSER b:c\nRUN two");
    expect(stage.runs.map(each => [each.fragment.text, each.user?.value, each.workdir])).toEqual([
      ["one", "a", "./"],
      ["two", "b:c", "/w"],
    ]);
    expect(stage.user?.value).toBe("b:c");
  });

  test("commands keep their form; a HEALTHCHECK its times", () => {
    const stage = last(
      'FROM x\nCMD ["a", "b c"]\nENTRYPOINT exec d "e f"\nHEALTHCHECK --interval=1m30s --retries=3 CMD curl -f http://localhost || exit 1',
    );
    expect(stage.cmd).toMatchObject({ form: "exec", text: "a b c" });
    expect(stage.entrypoint!.words.map(each => each.value)).toEqual(["exec", "d", "e f"]);
    expect(stage.healthcheck).toMatchObject({
      disabled: false,
      intervalMs: 90_000,
      retries: 3,
      command: { text: "curl -f http://localhost || exit 1" },
    });
    expect(stage.healthcheck!.command!.words[0]!.value).toBe("curl");
    expect(
      last('FROM x\nHEALTHCHECK CMD ["a", "b"]').healthcheck!.command!.words.map(each => each.value),
    ).toEqual(["a", "b"]);
    expect(last("FROM x\nHEALTHCHECK none").healthcheck!.disabled).toBe(true);
  });

  test("COPY: quotes, JSON, heredocs, flags", () => {
    const text =
      'FROM x\nCOPY --from=img:1 --chown=a:b --parents --exclude=*.md ["a b", "/c/"]\nCOPY <<E f /d/\nhi\nE\nADD a b ./';
    const [first, second, third] = last(text).copies;
    expect(first).toMatchObject({
      sources: [{ value: "a b" }],
      destination: { value: "/c/" },
      from: { value: "img:1" },
      chown: { value: "a:b" },
      parents: true,
      intoDirectory: true,
    });
    expect(first!.fromStage).toBeUndefined();
    expect(second!.inline[0]!.body.text).toBe("hi\n");
    expect(second!.sources.map(each => each.value)).toEqual(["f"]);
    expect(third).toMatchObject({ keyword: "ADD", intoDirectory: true, destinationPath: "./" });
  });
});

describe("what fails a build", () => {
  test.each([
    ["RUN x\nFROM a", "RUN stands before the first FROM."],
    ["ARG a", "The file has no FROM."],
    ["FROM a b", "FROM takes an image, and optionally AS and a name."],
    ["FROM $X", "The base image name $X is empty."],
    ["FROM a\nCOPY b", "COPY needs a source and a destination."],
    ["FROM a\nENV b", "ENV needs a name and a value."],
    ["FROM a\nENV b=c d", 'ENV cannot read "d": it must be name=value.'],
    ["FROM a\nHEALTHCHECK curl x", "HEALTHCHECK must be followed by CMD or NONE, not curl."],
    ["FROM a\nCOPY --form=b c d", "COPY has no option --form."],
    ["FROM a\nRUNN b", "RUNN is not a Dockerfile instruction."],
    ["FROM a\nUSER", "USER needs an argument."],
    ["FROM a\nUSER 'b", `"'b" cannot be read: a single quote is not closed.`],
  ])("%j", (text, message) => expect(messages(text)).toContain(message));

  test("a good file has no problems", () => {
    expect(
      messages(
        '# syntax=docker/dockerfile:1\nARG V=1\nFROM --platform=linux/amd64 a:$V AS b\nRUN --mount=type=cache,target=/c x\nLABEL a=b c="d e"\nSHELL ["/bin/bash", "-c"]\nONBUILD RUN x\nFROM scratch\nCOPY --link --from=b / /\nSTOPSIGNAL SIGINT\nVOLUME /a /b\nEXPOSE 80 443/tcp',
      ),
    ).toEqual([]);
  });
});

test("Go durations", () => {
  expect(["1m30s", "1.5h", "500ms", "0", "10", "", "x"].map(durationMs)).toEqual([
    90_000,
    5_400_000,
    500,
    0,
    undefined,
    undefined,
    undefined,
  ]);
});

test("never throws and stays quick on hostile files", () => {
  const lines = fc.constantFrom(
    "FROM a",
    "FROM b AS c",
    "FROM c",
    "FROM $X",
    "ARG X=$X",
    "ARG X",
    "ENV A=$A B",
    "ENV =",
    "COPY a",
    "COPY --from=c . .",
    "COPY <<E /a\nE",
    "WORKDIR ../..",
    "WORKDIR $X",
    "USER '",
    "HEALTHCHECK",
    "HEALTHCHECK --retries=x CMD",
    "ONBUILD",
    "CMD []",
    "LABEL",
    "X Y",
  );
  fc.assert(
    fc.property(fc.array(lines, { maxLength: 25 }), parts => {
      read(parts.join("\n"));
    }),
  );
  const start = performance.now();
  read("FROM a AS b\nENV A=b\nCOPY --from=b c d\n".repeat(20_000));
  read(`ENV ${"a=b ".repeat(200_000)}`);
  expect(performance.now() - start).toBeLessThan(20_000);
});
