import { describe, expect, test } from "vitest";
import { readDockerfile, stageFor } from "../../src/artifacts/dockerfile.ts";
import type { BuildContextView } from "../../src/stack/image/context.ts";
import { imageOf } from "../../src/stack/image/image.ts";
import type { EngineConfig } from "./build.ts";
import { buildConfig, buildFiles } from "./build.ts";

function viewOf(paths: readonly string[]): BuildContextView {
  const below = (dir: string) => paths.filter(path => dir === "" || path.startsWith(`${dir}/`));
  return {
    dir: "",
    has: path => (paths.includes(path) ? "file" : below(path).length > 0 ? "directory" : undefined),
    list: dir => [
      ...new Set(below(dir).map(path => path.slice(dir === "" ? 0 : dir.length + 1).split("/")[0]!)),
    ],
  };
}

function model(text: string, paths: readonly string[] = [], args: Readonly<Record<string, string>> = {}) {
  const read = readDockerfile({ path: "Dockerfile", text });
  const stage = stageFor(read.model);
  return {
    ...read,
    image: stage && imageOf(read.model, stage, viewOf(paths), new Map(Object.entries(args))),
  };
}

/** Our model of an image's settings in the engine's words. */
function settings(text: string, args: Readonly<Record<string, string>>) {
  const image = model(text, ["a.txt"], args).image!;
  const shell = image.shell?.map(word => word.value) ?? ["/bin/sh", "-c"];
  const command = (each: typeof image.cmd) =>
    !each ? null : each.form === "exec" ? each.words.map(word => word.value) : [...shell, each.text];
  const { healthcheck } = image;
  const test = healthcheck?.disabled
    ? ["NONE"]
    : healthcheck?.command && [
        healthcheck.command.form === "exec" ? "CMD" : "CMD-SHELL",
        ...(healthcheck.command.form === "exec"
          ? healthcheck.command.words.map(word => word.value)
          : [healthcheck.command.text]),
      ];
  return {
    env: [...image.env].map(([name, value]) => `${name}=${value.value}`).sort(),
    cmd: command(image.cmd),
    entrypoint: command(image.entrypoint),
    workdir: image.workdir === "/" ? "" : image.workdir,
    user: image.user?.value ?? "",
    volumes: image.volumes.map(each => each.value).sort(),
    exposes: image.exposes.map(each => (each.value.includes("/") ? each.value : `${each.value}/tcp`)).sort(),
    test,
    interval: healthcheck?.intervalMs,
    retries: healthcheck?.retries,
    labels: Object.fromEntries(image.stage.labels.map(each => [each.name.value, each.value.value])),
    stopsignal: image.stopsignal?.value,
  };
}

function engineSettings(config: EngineConfig): ReturnType<typeof settings> {
  const { Healthcheck: health } = config;
  return {
    env: (config.Env ?? []).filter(each => !each.startsWith("PATH=/usr/local/sbin")).toSorted(),
    cmd: config.Cmd ? [...config.Cmd] : null,
    entrypoint: config.Entrypoint ? [...config.Entrypoint] : null,
    workdir: config.WorkingDir === "/" ? "" : config.WorkingDir,
    user: config.User,
    volumes: Object.keys(config.Volumes ?? {}).sort(),
    exposes: Object.keys(config.ExposedPorts ?? {}).sort(),
    test: health && [...health.Test],
    interval: health?.Interval === undefined ? undefined : health.Interval / 1e6,
    retries: health?.Retries,
    labels: config.Labels ?? {},
    stopsignal: config.StopSignal,
  };
}

describe("settings are those of the built image", () => {
  test.each([
    'ENV A="b c" D=e\\ f G=\'$h\' I=$D J="${D}x" K=${NO:-k} L=${D:+l} M=a\\\\b',
    "ENV OLD  style  value  \nENV B $OLD c",
    "ENV A=1\nENV A=2 B=$A\nENV C=$B",
    'ARG X=1\nARG Y\nENV A=$X C=${Y:-c} D="$X$X"',
    "WORKDIR /a\nWORKDIR b/../c\nENV D=e\nWORKDIR $D\nWORKDIR ${D}/.",
    'CMD ["a", "b c", "\\u00e9"]\nENTRYPOINT ["/e"]',
    "CMD a 'b  c' $D \\\n   # no comment\n   d",
    "CMD first\nCMD  second  && third  ",
    'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nENTRYPOINT exec x\nCMD y',
    "CMD ['a', 'b']",
    "USER app\nUSER 1000:1000",
    "ENV U=u\nUSER ${U}:g",
    "EXPOSE 80 443/udp\nENV P=9\nEXPOSE $P/tcp",
    'VOLUME ["/a", "/b c"]\nVOLUME /d /e',
    "HEALTHCHECK --interval=1m30s --retries=4 CMD curl -f http://x/ || exit 1",
    'HEALTHCHECK CMD ["a", "b c"]',
    "HEALTHCHECK NONE",
    "LABEL a=b c=\"d e\" f.g='h'\nLABEL i j k",
    "STOPSIGNAL SIGQUIT",
    "# comment\nENV A=1 \\\n\n  # inside\n  B=2 \\\n  C=3\n",
    "ENV A=a\\\\\nENV B=b",
  ])("%j", body => {
    const text = `FROM scratch\nCOPY a.txt /\n${body}\n`;
    const config = buildConfig(text);
    expect(config, "the engine builds it").toBeDefined();
    expect(settings(text, {})).toEqual(engineSettings(config!));
  });

  test("stages inherit, build arguments replace defaults, the escape directive holds", () => {
    const args = { V: "given" };
    const text =
      '# escape=`\nARG V=default\nFROM scratch AS p\nCOPY a.txt `\n  /\nARG V\nENV A=$V P=c:\\d\nUSER u\nCMD ["c"]\nFROM p\nENV B=$A\nENTRYPOINT ["e"]\n';
    expect(settings(text, args)).toEqual(engineSettings(buildConfig(text, args)!));
  });
});

// A file with ARG and no FROM is left out: it makes the daemon of engine 20.10 panic, not just the build fail.
describe("what the engine refuses is a problem", () => {
  test.each([
    "RUN x\nFROM scratch",
    "FROM a b",
    "FROM scratch\nCOPY a.txt",
    "FROM scratch\nENV b",
    "FROM scratch\nENV b=c d",
    "FROM scratch\nHEALTHCHECK curl x",
    "FROM scratch\nCOPY --form=b a.txt d",
    "FROM scratch\nRUNN b",
    "FROM scratch\nUSER",
    "FROM scratch\nCMD [1]",
    "FROM $X",
    "FROM scratch\nENV A='b",
    "FROM scratch\nENV A=${b",
    "# escape=x\nFROM scratch",
    "",
    "# only\n",
    "FROM scratch\nONBUILD ONBUILD RUN x",
    "FROM scratch\nHEALTHCHECK NONE x",
  ])("%j", text => {
    expect(model(text).problems).not.toEqual([]);
    expect(buildConfig(text)).toBeUndefined();
  });
});

describe("files are those of the built image", () => {
  const context = { "a.txt": "a", "b.txt": "b", "d/x": "x", "d/e/y": "y", "d2/z": "z", "p.json": "{}" };
  const paths = Object.keys(context);
  test.each([
    "COPY a.txt /t",
    "COPY a.txt /t/",
    "COPY a.txt b.txt /t/",
    "COPY d /t",
    "COPY d /t/",
    "COPY d d2 /t/",
    "COPY d* /t/",
    "COPY *.txt /t/",
    "COPY . .",
    "COPY . /t",
    "COPY d/. /t/",
    "COPY ./d/e/y /q",
    "COPY /a.txt /q",
    "COPY ../a.txt /q",
    "WORKDIR /w\nCOPY a.txt .",
    "WORKDIR /w\nCOPY a.txt ./n",
    "WORKDIR /w\nCOPY a.txt /w",
    "COPY d /t\nCOPY a.txt /t",
    "COPY a.txt /t\nCOPY b.txt /t",
    "COPY zz* /t/",
    "COPY a.txt zz* /t/",
    "COPY ?.txt /t/",
    "COPY [a-b].txt /t/",
    "COPY d*/e /t/",
    "COPY */x /t/",
    'COPY ["a.txt", "/s p/"]',
    "ARG D=d\nCOPY ${D}/x $D/",
    "ADD a.txt /t",
    "COPY nope /t",
    "COPY a.txt nope /t/",
  ])("%j", body => {
    const text = `FROM scratch\nCOPY p.json /keep\n${body}\n`;
    const outcome = buildFiles(context, text);
    const { image } = model(text, paths);
    expect(image!.missingSources.length > 0, outcome.log).toBe(!outcome.ok);
    if (!outcome.ok) return;
    for (const file of outcome.files)
      expect(image!.file(file), file).toMatchObject({ has: "yes", kind: "file" });
    const candidates = ["", "/t", "/w", "/q", "/s p", "/d"].flatMap(base =>
      paths.flatMap(path => [`${base}/${path}`, `${base}/${path.split("/").at(-1)}`]),
    );
    for (const path of candidates)
      if (!outcome.files.includes(path))
        expect([path, image!.file(path).kind ?? image!.file(path).has]).not.toEqual([path, "file"]);
    for (const path of outcome.files) expect(image!.file(`${path}.no`).has).toBe("no");
  });

  test("files follow stages, and RUN on a real system never proves us wrong", () => {
    const runs = [
      "mkdir -p m/n && touch m/n/o",
      "echo hi > q",
      "cd d && touch in",
      "rm -rf d/e",
      "mv a.txt moved",
      "cp a.txt copied",
      "ln -s a.txt linked",
      "test -f nope || touch cond",
      "for i in 1 2; do touch f$i; done",
      "printf 'touch made' | sh",
      "tar -cf t.tar d && mkdir u && tar -xf t.tar -C u",
      "chmod 600 b.txt && chown 0:0 b.txt",
      "install -D a.txt i/j",
    ];
    for (const run of runs) {
      const text = `FROM debian:bookworm-slim AS b\nWORKDIR /app\nCOPY . .\nRUN ${run}\nFROM scratch\nCOPY --from=b /app /out\n`;
      const outcome = buildFiles(context, text);
      expect(outcome.ok, outcome.log).toBe(true);
      const { image } = model(text, paths);
      for (const file of outcome.files)
        expect([run, file, image!.file(file).has]).not.toEqual([run, file, "no"]);
      for (const path of [...paths, "m/n/o", "q", "moved"].map(each => `/out/${each}`)) {
        if (!outcome.files.includes(path))
          expect([run, path, image!.file(path).has]).not.toEqual([run, path, "yes"]);
      }
    }
  });
});
