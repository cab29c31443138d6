import { addDependabot } from "../../remedies/dependabot.ts";
import { scanBeforePush } from "../../remedies/image-scan.ts";
import { evidence } from "../../stack/query.ts";
import { callsForeignWorkflows, imagePushes, isNamedInChecks } from "../../stack/query-checks.ts";
import { defineRule } from "../rule.ts";

const scanners =
  /trivy|grype|anchore|snyk|docker[/ ]scout|clair|dockle|codeql|dependency-review|semgrep|sonar|pip-audit|(?:npm|yarn|pnpm|cargo|bun) (?:run )?(?:-\S+ )*audit|audit-ci|safety (?:check|scan)|osv-scanner|govulncheck|bundler?-audit|composer audit|checkov|sysdig|aquasec|prismacloud|twistlock|wizcli|jfrog|xray|describe-image-scan|scanOnPush|renovate|dependabot|mend|whitesource|gemnasium|container[-_]scanning|Dependency-Scanning/i;
const updaters =
  /(?:^|\/)(?:dependabot\.ya?ml|\.?renovate(?:rc)?(?:\.json5?)?|\.snyk|\.trivyignore|trivy\.ya?ml|\.grype\.yaml|\.pyup\.yml|sonar-project\.properties)$/;

export default defineRule({
  id: "pipeline/image-scan",
  title: "Something looks for known holes in what is shipped",
  claim: "pipeline-gates",
  severity: "low",
  why: "A hole in a base image or a package becomes known every week, and nothing tells that the image in use has it.",
  *check(stack) {
    const pushes = imagePushes(stack);
    if (pushes.length === 0 || callsForeignWorkflows(stack)) return;
    if (stack.files.paths.some(path => updaters.test(path)) || isNamedInChecks(stack, scanners)) return;
    const places = new Map(pushes.map(({ call }) => [`${call.at.file}:${call.at.span.start}`, call.at]));
    yield {
      subject: "images",
      message:
        "The workflows push images, and nothing in the repository looks for known holes in them or in their packages.",
      evidence: [...places.values()].map(at => evidence(at, "pushed without a look")),
      // A registry may scan what it is given.
      confidence: "possible",
      fix: () => scanBeforePush(stack, pushes) ?? addDependabot(stack),
    };
  },
});
