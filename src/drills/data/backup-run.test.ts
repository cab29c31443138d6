import { expect, it } from "vitest";
import { atServer, lastWords, notOfTheLab } from "./backup-run.ts";

it("takes what only the lab lacks for no answer", () => {
  expect(notOfTheLab(127, "backup.sh: line 4: rclone: command not found")).toContain("rclone");
  expect(notOfTheLab(1, "pg_dump: error: aborting because of server version mismatch")).toContain("version");
  expect(notOfTheLab(2, 'psql: error: could not translate host name "db" to address')).toContain("db");
  expect(notOfTheLab(1, "Error: No such container: berths-postgres")).toBeUndefined();
  expect(notOfTheLab(0, "Backup complete")).toBeUndefined();
});

it("repeats the line that says most", () => {
  const colour = String.fromCharCode(27);
  expect(lastWords("", `one\n${colour}[0;31mERROR: no room${colour}[0m\ndone\n`)).toBe("ERROR: no room");
  expect(lastWords("", "one\ntwo\n")).toBe("two");
  expect(lastWords("", "")).toBe("nothing");
});

it("reaches a service through the port that the server publishes", () => {
  const services = [{ name: "db", ports: [{ target: 5432, published: 15432 }] }];
  const at = (url: string) => atServer(url, services as never);
  expect(at("postgres://u:p@db:5432/berths")).toBe("postgres://u:p@localhost:15432/berths");
  expect(at("postgres://u:p@db/berths")).toBe("postgres://u:p@localhost:15432/berths");
  expect(at("postgres://u:p@dbs:5432/berths")).toBe("postgres://u:p@dbs:5432/berths");
  expect(at("postgres://u:p@db:5433/berths")).toBe("postgres://u:p@db:5433/berths");
});
