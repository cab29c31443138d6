import { join } from "../../core/path.ts";
import { evidence } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/ships-checkout",
  title: "A release copies what runs, not the pipeline's whole working tree",
  claim: "rolls-out-without-downtime",
  severity: "low",
  why: "History and leftovers of the pipeline land on the server, and when the target is emptied first, everything that lived only there is gone at every release.",
  *check(stack) {
    const said = new Set<string>();
    for (const { call, caller } of stack.calls) {
      if (call.kind !== "remote-copy" || call.direction === "download" || caller.kind !== "workflow")
        continue;
      const job = caller.workflow?.jobs.find(each => each.id.value === caller.name);
      const whole = call.sources.find(
        source => call.cwd === "" && source.value !== undefined && join("", source.value) === "",
      );
      const subject = `${caller.file} ${caller.name}`;
      if (!whole || !job?.checksOut || said.has(subject)) continue;
      if (call.flags.some(flag => /^--(exclude|filter|exclude-from|files-from)$/.test(flag.name))) continue;
      const step = job.steps.find(each => each.calls.includes(call));
      const inputs = [...(step?.with.entries() ?? [])];
      if (inputs.some(([name, { value }]) => /exclude|switches|args/i.test(name) || value.includes("!")))
        continue;
      const emptied = inputs.find(([name, { value }]) => name === "rm" && value === "true");
      const message = emptied
        ? `Job "${caller.name}" of ${caller.file} deletes the release's directory on the server and copies the whole checkout there, with its history: a file that lives only on the server is gone, and for that time there is nothing to start again from.`
        : `Job "${caller.name}" of ${caller.file} copies the whole checkout to the server, with its history.`;
      said.add(subject);
      yield {
        subject,
        message,
        severity: emptied ? "medium" : "low",
        evidence: [
          evidence(whole.at, "the whole checkout, `.git` too"),
          ...(emptied ? [evidence(emptied[1].at, "the directory is deleted first")] : []),
        ],
      };
    }
  },
});
