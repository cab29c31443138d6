import { describe, expect, it } from "vitest";
import { runProgram } from "./run-program.ts";

describe("a program that is waited for", () => {
  it("is ended when it says nothing for too long", async () => {
    const run = await runProgram("sh", ["-c", "echo first; sleep 60"], {
      timeoutMs: 30_000,
      silentMs: 1_500,
    });
    expect(run).toMatchObject({ trouble: "silent", stdout: "first\n" });
    expect(run.code).toBeUndefined();
  });

  it("goes on as long as it says something", async () => {
    const talk = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.5; done";
    const run = await runProgram("sh", ["-c", talk], { timeoutMs: 30_000, silentMs: 2_000 });
    expect(run).toMatchObject({ code: 0, stdout: "1\n2\n3\n4\n5\n6\n" });
    expect(run.trouble).toBeUndefined();
  });

  it("is ended at its time limit, with what it has started", async () => {
    const run = await runProgram("sh", ["-c", "sleep 60 & sleep 60"], { timeoutMs: 500 });
    expect(run).toMatchObject({ trouble: "timeout" });
  });
});
