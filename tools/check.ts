import { spawnSync } from "node:child_process";

/** All that must hold before a change is shared, in one command with one summary. */
const steps = ["generate", "types", "lint", "boundaries", "dead-code", "committed", "test"];
const results: string[] = [];
let failed = false;
for (const step of steps) {
  const start = performance.now();
  const run = spawnSync("npm", ["run", "--silent", step], {
    encoding: "utf8",
    env: { ...process.env, FORCE_COLOR: "0" },
  });
  const passed = run.status === 0;
  if (!passed) process.stdout.write(`\n--- ${step}\n${run.stdout}${run.stderr}`);
  failed ||= !passed;
  results.push(
    `${passed ? "ok  " : "FAIL"} ${step.padEnd(12)} ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
}
console.log(`\n${results.join("\n")}`);
process.exitCode = failed ? 1 : 0;
