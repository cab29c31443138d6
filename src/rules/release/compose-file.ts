import type { Call } from "../../artifacts/commands.ts";
import { addTo } from "../../core/group.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { pulledByHand } from "../../stack/query-page-steps.ts";
import { projectOf, type ReleaseRun, releaseRuns } from "../../stack/query-release.ts";
import type { ComposeProject, PlacedCall } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/compose-file",
  title: "A release brings the Compose file that it starts",
  claim: "pipeline-gates",
  severity: "medium",
  why: "The server goes on with the file that somebody put there: a new variable, volume, port or limit is merged, released and never in force, until the new image needs it and does not start.",
  *check(stack) {
    if (
      stack.calls.some(brings) ||
      stack.workflows.some(({ jobs }) =>
        jobs.some(job => job.steps.some(step => mover.test(step.uses?.text ?? ""))),
      )
    )
      return;
    const page = pulledByHand(stack);
    const found = new Map<ComposeProject, PlacedCall[]>();
    for (const run of releaseRuns(stack)) {
      const start = run.placed.find(each => each.call.remote && run.starts.includes(each.call));
      const project = start && projectOf(stack, start);
      if (!start || !project || start.caller.kind === "makefile" || !pullsImages(run)) continue;
      addTo(found, project, start);
    }
    for (const [project, [first, ...more]] of found) {
      const at = project.services[0]?.at;
      if (!at) continue;
      yield {
        subject: project.name,
        message: page
          ? `The release starts ${project.files.join(" and ")} as it lies on the server, and only a person brings it there: what changes in it is not released with the rest.`
          : `The release starts ${project.files.join(" and ")} as it lies on the server, and nothing in this repository ever brings it there: what changes in it is never released.`,
        severity: weigh(project, page ? "low" : "medium"),
        confidence: "likely",
        evidence: [
          evidence(first!.call.at, "starts the file that lies on the server"),
          ...more.map(({ call }) => evidence(call.at, "starts the file that lies on the server")),
          evidence(at, "what is changed here stays here"),
          ...(page ? [evidence(page, "is fetched by hand")] : []),
        ],
      };
    }
  },
});

/** New images, so that there is a release at all. */
function pullsImages({ calls }: ReleaseRun): boolean {
  return calls.some(
    call =>
      call.remote &&
      ((call.kind === "compose" && call.subcommand === "pull") ||
        (call.kind === "docker" && call.verb === "pull")),
  );
}

/** Actions that copy to a server, or do something there that is not read. */
const mover = /scp|rsync|sftp|ftp|ansible|deploy|copy|portainer|dokploy|coolify|webhook/i;
const fetchers =
  /^(?:git|gh|tar|unzip|rsync|scp|sftp|lftp|ansible-playbook|ansible|base64|svn|rclone|curl|wget)$/;

/** Something that may put a file on a server: fetched, copied, unpacked or written there. */
function brings({ call }: PlacedCall): boolean {
  if (call.kind === "remote-copy") return call.direction !== "download";
  if (call.remote) return movesThere(call);
  // `docker context`, `docker -H`: the client reads the file here.
  return (
    /^(?:ansible-playbook|rsync|sftp|lftp|rclone)$/.test(call.name) ||
    (call.kind === "ssh" && call.stdin !== "inherited" && call.stdin !== "heredoc")
  );
}

function movesThere(call: Call): boolean {
  if (call.kind === "http") return call.output !== undefined || call.writes.length > 0;
  return fetchers.test(call.name) || call.writes.some(({ path }) => /ya?ml/.test(path.word.text));
}
