import type { ComposeUse, PlanOptions, ProjectPlan } from "./project-plan.ts";

/** Programs that a pipeline brings to a platform, which starts them without Compose. */

const workflow = /^\.github\/workflows\/[^/]+\.ya?ml$/;
const ships =
  /^[ \t]*(?:- )?uses:[ \t]*["']?(?:azure\/(?:webapps-deploy|functions-action|container-apps-deploy-action|appservice-build)|aws-actions\/amazon-ecs-deploy-task-definition|google-github-actions\/deploy-(?:cloudrun|appengine)|akhileshns\/heroku-deploy|superfly\/flyctl-actions)[@/]/im;
/** A server of their own is reached, too. */
const reaches = /\bssh\b|ssh-action|scp-action|\bdocker[ -]compose\b|self-hosted/i;

/** A file that nothing starts, called production's by its folder alone, beside a pipeline that ships to a platform. */
export function onPlatform(
  plan: ProjectPlan,
  uses: readonly ComposeUse[],
  { page, paths = [] }: PlanOptions,
): ProjectPlan {
  if (plan.grade !== "deployed" || !page || !/^its folder/.test(plan.because.text)) return plan;
  if (uses.some(use => use.deploys || use.files.some(file => plan.files.includes(file)))) return plan;
  const texts = paths
    .filter(path => workflow.test(path))
    .map(path => ({ path, text: page(path)?.text ?? "" }));
  const found = texts.find(({ text }) => ships.test(text));
  if (!found || texts.some(({ text }) => reaches.test(text))) return plan;
  return { ...plan, grade: "presumed", because: { text: `${found.path} ships to a platform` } };
}
