import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainFragment } from "../core/fragment.ts";
import { parseShell } from "../formats/shell.ts";
import { type Call, type CallOptions, callsIn } from "./commands.ts";

const read = (text: string, options: CallOptions = {}) =>
  callsIn(parseShell(plainFragment("ops/run.sh", text)), options);
function only<K extends Call["kind"]>(
  kind: K,
  text: string,
  options?: CallOptions,
): Extract<Call, { kind: K }> {
  const found = read(text, options).filter(call => call.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as Extract<Call, { kind: K }>;
}
const values = (args: readonly { value: string | undefined }[]) => args.map(arg => arg.value);
const directories = (text: string, options?: CallOptions) =>
  read(text, options).flatMap(call => (call.name === "here" ? [call.cwd] : []));

describe("docker compose", () => {
  test("files, project, services and what is asked for", () => {
    const call = only(
      "compose",
      "docker compose -f a.yml --file=b.yml -p shop --profile jobs up -d --build --no-deps web worker",
    );
    expect(values(call.files)).toEqual(["a.yml", "b.yml"]);
    expect(values(call.services)).toEqual(["web", "worker"]);
    expect(call).toMatchObject({
      legacy: false,
      subcommand: "up",
      detach: true,
      build: true,
      noDeps: true,
      volumes: false,
    });
    expect(call.project?.value).toBe("shop");
  });

  test("a word before the command that is one of several which mean the same", () => {
    const either = 'if x; then C="docker-compose"; else C="docker compose"; fi\n$C -f a.yml up -d';
    expect(values(only("compose", either).files)).toEqual(["a.yml"]);
    expect(only("compose", 'S=""\nif x; then S="sudo"; fi\n$S docker compose down -v')).toMatchObject({
      volumes: true,
      wrappers: ["sudo"],
    });
    expect(only("compose", 'if x; then S=sudo; fi\nC="$S docker compose"\n$C up -d').subcommand).toBe("up");
    expect(read('if x; then C="docker compose"; else C=echo; fi\n$C up').map(each => each.name)).toEqual([
      "x",
    ]);
    expect(read('C="docker compose"\nif x; then C="$C -f b.yml"; fi\n$C up').map(each => each.name)).toEqual([
      "x",
    ]);
    expect(only("compose", 'S=""\n$S docker compose ps').subcommand).toBe("ps");
  });

  test("what the local shell fills in before another machine gets the script", () => {
    const there = (text: string) => values(only("compose", text).files);
    expect(there('F=a.yml\nssh h "docker compose -f $F up -d"')).toEqual(["a.yml"]);
    expect(there("F=a.yml\nssh h 'docker compose -f $F up -d'")).toEqual([undefined]);
    expect(there("F=a.yml\nssh h <<E\ndocker compose -f $F up -d\nE\n")).toEqual(["a.yml"]);
    expect(there("F=a.yml\nssh h <<'E'\ndocker compose -f $F up -d\nE\n")).toEqual([undefined]);
  });

  test("down -v deletes volumes, run -v does not", () => {
    expect(only("compose", "docker-compose down -v").volumes).toBe(true);
    expect(only("compose", "docker-compose run -v ./a:/a web ls").volumes).toBe(false);
    expect(only("compose", "docker compose logs -f --tail 5 web").files).toEqual([]);
  });

  test("what runs inside a service is a call of its own, with no directory of ours", () => {
    const [compose, dump] = read(
      "docker compose exec -T -u postgres db pg_dump -Fc -U shop -d orders > /b/x.dump",
    );
    expect(compose).toMatchObject({ kind: "compose", exec: { tty: false }, stdin: "inherited" });
    expect(dump).toMatchObject({
      kind: "database",
      via: "exec",
      cwd: undefined,
      inside: { kind: "service", name: { value: "db" } },
    });
    expect(dump).toMatchObject({
      user: { value: "shop" },
      database: { value: "orders" },
      writes: [{ path: { value: "/b/x.dump" } }],
    });
  });

  test.each([
    ["COMPOSE='docker compose -f prod.yml'\n$COMPOSE up"],
    ['COMPOSE=(docker compose -f prod.yml)\n"${COMPOSE[@]}" up'],
    ['dc() { docker compose -f prod.yml "$@"; }\ndc up'],
    ["sudo -u app timeout 60 docker-compose -f prod.yml up"],
    ["F=${F:-prod.yml}\ndocker compose -f $F up"],
    ["$SUDO docker compose -f prod.yml up"],
  ])("is recognised in %j", text => {
    const call = only("compose", text);
    expect([values(call.files), call.subcommand]).toEqual([["prod.yml"], "up"]);
  });

  test("an unknown file stays unknown", () => {
    expect(values(only("compose", "docker compose -f $1 up").files)).toEqual([undefined]);
  });
});

describe("docker", () => {
  test("build", () => {
    const call = only(
      "docker-build",
      "cd app && docker buildx build --push -f Dockerfile.prod -t a:1 -t b:$T --build-arg X=1 --target run .",
    );
    expect(call).toMatchObject({
      context: { value: "." },
      file: { value: "Dockerfile.prod" },
      target: { value: "run" },
      push: true,
      cwd: "app",
    });
    expect(values(call.tags)).toEqual(["a:1", undefined]);
    expect(values(call.buildArgs)).toEqual(["X=1"]);
  });

  test("run, exec and the rest", () => {
    const run = only(
      "docker-run",
      "docker run --rm -d --name c -p 8080:80 -v $PWD/data:/d --network=n nginx:1 nginx -T",
      { cwd: "ops" },
    );
    expect(run).toMatchObject({
      image: { value: "nginx:1" },
      containerName: { value: "c" },
      remove: true,
      detach: true,
    });
    expect([values(run.volumes), values(run.publishes), values(run.networks)]).toEqual([
      ["./data:/d"],
      ["8080:80"],
      ["n"],
    ]);
    expect(only("docker-exec", "docker exec -i $C sh -c 'pg_dump x'")).toMatchObject({
      container: { value: undefined },
      interactive: true,
    });
    expect(read("docker exec -i c sh -c 'pg_dump x | gzip'").map(call => call.name)).toEqual([
      "docker",
      "sh",
      "pg_dump",
      "gzip",
    ]);
    expect(only("docker", "docker system prune -af --volumes")).toMatchObject({ verb: "system prune" });
    expect(values(only("docker", "docker rm -f a b").operands)).toEqual(["a", "b"]);
  });
});

describe("other machines", () => {
  const text =
    "scp -r compose.yml conf u@h:/srv/app/\nssh -p 22 -o StrictHostKeyChecking=no u@h bash -s <<'E'\ncd /srv/app\ndocker compose pull\ndocker compose exec -T web migrate\nE\nssh u@h \"cd app && docker compose up -d\"";
  test("a heredoc is a script that the remote shell reads from standard input", () => {
    const calls = read(text).filter(call => call.kind === "compose");
    expect(calls.map(call => [call.subcommand, call.cwd, call.remote, call.via, call.stdin])).toEqual([
      ["pull", "/srv/app", true, "ssh-stdin", "script"],
      ["exec", "/srv/app", true, "ssh-stdin", "script"],
      ["up", "~/app", true, "ssh-argument", "inherited"],
    ]);
    expect(text.slice(calls[1]!.at.span.start)).toMatch(/^docker compose exec/);
    expect(text.slice(calls[2]!.at.span.start)).toMatch(/^docker compose up/);
  });
  test("a variable of options is no machine", () => {
    const [call] = read('ssh $SSH_OPTS "$USER@$HOST" "docker compose up -d"').filter(
      each => each.kind === "compose",
    );
    expect(call).toMatchObject({ subcommand: "up", remote: true });
    expect(only("ssh", "ssh -A ${SSH_ARGS} -p 22 u@h uptime").destination).toMatchObject({ value: "u@h" });
  });
  test("copies and destinations", () => {
    expect(only("remote-copy", text)).toMatchObject({
      direction: "upload",
      sources: [{ value: "compose.yml" }, { value: "conf" }],
    });
    expect(only("remote-copy", "rsync -az --delete ./dist/ $HOST:/srv")).toMatchObject({
      direction: "upload",
      deletes: true,
    });
    expect(read(text)[1]).toMatchObject({ kind: "ssh", user: "u", host: "h" });
  });
  test("standard input that is given does not come from the script", () => {
    const calls = read("ssh h <<E\na </dev/null\nx | b\nwhile read l; do c; done <f\nd\nE");
    const stdin = new Map(calls.map(call => [call.name, call.stdin]));
    expect([..."abcd"].map(name => stdin.get(name))).toEqual(["file", "pipe", "file", "script"]);
  });
});

describe("data stores, probes, files, programs", () => {
  test("options of clients differ", () => {
    expect(only("database", "psql -h db -t -c 'select 1' shop admin")).toMatchObject({
      host: { value: "db" },
      database: { value: "shop" },
      user: { value: "admin" },
      statement: { value: "select 1" },
    });
    expect(only("database", "mysqldump -uroot -psecret shop")).toMatchObject({
      user: { value: "root" },
      database: { value: "shop" },
    });
    expect(only("database", "redis-cli -h cache -a pw ping")).toMatchObject({
      host: { value: "cache" },
      password: { value: "pw" },
    });
    expect(only("database", "pg_restore -c -d shop x.dump")).toMatchObject({
      database: { value: "shop" },
      file: { value: "x.dump" },
    });
    expect(only("database", "pg_dump postgres://u:p@h/d")).toMatchObject({
      url: { value: "postgres://u:p@h/d" },
    });
  });
  test("probes", () => {
    expect(only("http", "curl -fsSL --max-time 5 -o /dev/null http://localhost/health")).toMatchObject({
      fails: true,
      follows: true,
      timeout: { value: "5" },
      urls: [{ value: "http://localhost/health" }],
    });
    expect(only("http", "curl -s http://localhost")).toMatchObject({ fails: false, follows: false });
    expect(only("http", "wget -qO- http://localhost")).toMatchObject({ fails: true, output: { value: "-" } });
  });
  test("heredoc writers", () => {
    const [call] = read("cat > conf/app.env <<E\nA=$B\nE");
    expect(call).toMatchObject({
      kind: "file",
      writes: [{ path: { value: "conf/app.env" }, append: false, heredoc: { terminated: true } }],
    });
    expect(read("echo x | sudo tee -a /etc/f")[1]).toMatchObject({
      writes: [{ path: { value: "/etc/f" }, append: true }],
    });
  });
  test.each([
    [
      "poetry run python -m app.manage migrate",
      { runs: "module", module: { value: "app.manage" }, subcommand: { value: "migrate" } },
    ],
    [
      "python manage.py migrate",
      { runs: "script", file: { value: "manage.py" }, subcommand: { value: "migrate" } },
    ],
    ["npm run build", { runs: "package-script", subcommand: { value: "build" } }],
    [
      "celery -A app worker -l info",
      { runs: "application", module: { value: "app" }, subcommand: { value: "worker" } },
    ],
    [
      "gunicorn -b :80 app.wsgi:application",
      { runs: "application", module: { value: "app.wsgi:application" } },
    ],
    [
      "./ops/deploy.sh prod",
      { runs: "script", file: { value: "./ops/deploy.sh" }, subcommand: { value: "prod" } },
    ],
    ["bash ops/x.sh", { runs: "script", file: { value: "ops/x.sh" } }],
    [". ./.env", { runs: "sourced", file: { value: "./.env" } }],
    ["make -C sub deploy", { runs: "target", subcommand: { value: "deploy" } }],
  ])("%s", (text, expected) => expect(only("program", text)).toMatchObject(expected));
});

describe("the working directory", () => {
  const path = "ops/run.sh";
  test.each<[string, (string | undefined)[]]>([
    ["here; cd app; here; cd ../web/; here; cd -; here", ["", "app", "web", "app"]],
    ['cd "$(dirname "$0")/.." || exit 1; here', [""]],
    ['DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\ncd "$DIR"; here', ["ops"]],
    ['ROOT=$(git rev-parse --show-toplevel)\ncd "$ROOT/app"; here', ["app"]],
    ["cd ${0%/*}; here", ["ops"]],
    ["(cd app; here); here", ["app", ""]],
    ["if x; then cd app; here; fi; here", ["app", undefined]],
    ["if x; then cd app; here; cd ..; fi; here", ["app", ""]],
    ["[ -d app ] && cd app; here", [undefined]],
    ["pushd app; here; popd; here", ["app", ""]],
    ["cd $1; here", [undefined]],
    ["cd /srv/x/../y; here", ["/srv/y"]],
    ["f() { here; }; cd app; f", ["app"]],
  ])("%s", (text, expected) => expect(directories(text, { path })).toEqual(expected));

  test("absolute paths below the root are given relative to it", () => {
    const text =
      'ROOT="$(cd "$(dirname "$0")/.." && pwd)"\ncd "$ROOT/app"\ndocker compose -f "$ROOT/compose.yml" up';
    expect(values(only("compose", text, { path }).files)).toEqual(["../compose.yml"]);
  });
});

test("never throws, whatever the text; no marker leaves", () => {
  const pieces = [
    "docker ",
    "compose ",
    "-f ",
    "exec ",
    "ssh h ",
    "bash -c ",
    "'",
    '"',
    "$(",
    ")",
    "cd ",
    "..",
    "$0",
    "\n",
    "<<E\n",
    "E\n",
    "f() { ",
    "}",
    "; ",
    "$@",
    "sudo ",
    "tar ",
    "-C",
    "psql ",
    "${X:-",
    "eval ",
    "dirname ",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), parts => {
      const text = parts.join("");
      for (const call of read(text, { path: "ops/run.sh" })) {
        expect(call.at.span.end).toBeLessThanOrEqual(text.length);
        for (const arg of call.args) expect(arg.value ?? "").not.toContain("\u0001");
      }
    }),
    { numRuns: 800 },
  );
});
