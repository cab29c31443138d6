/**
 * The defects that are planted in examples/harbour: by which finding the audit tells each, and what a drill of the clone
 * shows of it. `npm run planted -- REPORT` holds a drill's report against this list.
 */
export interface Planted {
  /** Rule, and the finding's subject where the rule has several. */
  readonly rule: string;
  readonly subject?: string;
  /** The drill that refutes its promise, and words of its verdict or its journal. */
  readonly drill?: string;
  readonly of?: string;
  readonly words?: RegExp;
  /** Why no drill decides it. */
  readonly paper?: string;
}

const noDrill = "no drill decides this promise";

export const planted: readonly Planted[] = [
  {
    rule: "build/copy-source",
    drill: "build/builds",
    of: 'api/Dockerfile in the root of the repository, by Job "deploy"',
    words: /not found/,
  },
  { rule: "build/target-stage", drill: "build/builds", of: "board", words: /target stage production/ },
  {
    rule: "boot/bind-source",
    drill: "boot/boots-healthy",
    words: /office\.conf" failed \(21: Is a directory\)/,
  },
  {
    rule: "boot/command-file",
    drill: "boot/boots-healthy",
    words: /can't open file '\/app\/weekly_report\.py'/,
  },
  {
    rule: "proxy/upstream-service",
    drill: "boot/boots-healthy",
    words: /passes \/tides\/ on to tides: it gives 502/,
  },
  { rule: "boot/variable-contract", drill: "boot/boots-healthy", words: /worker: (.|\n)*message broker/ },
  {
    rule: "health/probe-tool",
    drill: "health/health-is-truthful",
    of: "tides",
    words: /while GET \/ on 8000 answers 200/,
  },
  {
    rule: "access/published-store",
    subject: "db",
    drill: "access/exposes-only-the-front-door",
    of: "db",
    words: /port 5432/,
  },
  {
    rule: "access/published-store",
    subject: "redis",
    drill: "access/exposes-only-the-front-door",
    of: "redis",
    words: /obeys without a password/,
  },
  {
    rule: "secrets/default-in-code",
    subject: "api: DJANGO_SECRET_KEY",
    drill: "secrets/no-secret-leaks",
    words: /api runs without DJANGO_SECRET_KEY/,
  },
  {
    rule: "release/exec-eats-stdin",
    drill: "release/rolls-out-without-downtime",
    of: 'by job "deploy"',
    words: /it ends before its end, with 0/,
  },
  {
    rule: "access/proxy-ssl-header",
    drill: "boot/boots-healthy",
    words: /form of \/accounts\/login\/ is taken: it is refused/,
  },
  {
    rule: "proxy/certificate-bootstrap",
    drill: "boot/boots-healthy",
    words: /nginx: (.|\n)*cannot load certificate/,
  },
  { rule: "boot/variable-build-time", paper: "no browser in a lab resolves the address" },
  { rule: "recovery/restart-policy", drill: "recovery/survives-kill", of: "db", words: /no restart policy/ },
  { rule: "data/backup-failure", drill: "data/backup-restores", words: /holds the rows|nothing of database/ },
  {
    rule: "access/cors",
    drill: "access/exposes-only-the-front-door",
    of: "nginx",
    words: /lets https:\/\/stranger\.invalid/,
  },
  {
    rule: "secrets/printed",
    drill: "secrets/no-secret-leaks",
    words: /SECRET_KEY is in the output of job "deploy"/,
  },
  {
    rule: "secrets/default-in-code",
    subject: "api: ADMIN_PASSWORD",
    drill: "secrets/no-secret-leaks",
    words: /api runs without ADMIN_PASSWORD/,
  },
  { rule: "access/debug-mode", drill: "secrets/no-secret-leaks", words: /page of Django with DEBUG on/ },
  {
    rule: "secrets/committed-credential",
    subject: "worker DATABASE_URL",
    drill: "secrets/no-secret-leaks",
    words: /DATABASE_URL of worker stands in/,
  },
  {
    rule: "secrets/committed-credential",
    subject: "api DB_PASSWORD",
    drill: "secrets/no-secret-leaks",
    words: /DB_PASSWORD of api stands in/,
  },
  { rule: "proxy/certificate-renewal", paper: "a renewal needs a certificate authority" },
  { rule: "release/concurrent-deploys", paper: "two runs of a platform at the same moment are not made" },
  {
    rule: "release/down-before-up",
    drill: "release/rolls-out-without-downtime",
    of: 'by job "deploy"',
    words: /were lost .* nobody was served for/,
  },
  { rule: "release/health-gate", paper: noDrill },
  {
    rule: "proxy/host-header",
    drill: "boot/boots-healthy",
    words: /passes \/admin\/ on to api: it gives 400/,
  },
  {
    rule: "health/probe-shallow",
    drill: "health/health-is-truthful",
    of: "api",
    words: /passes while GET \/api\/\w+\/ gives (500|timeout)/,
  },
  {
    rule: "health/inherited-probe",
    drill: "health/health-is-truthful",
    of: "beat",
    words: /the check is for what the image starts by itself/,
  },
  {
    rule: "recovery/stop-signal",
    drill: "recovery/stops-gracefully",
    of: "api",
    words: /did not react to the stop signal/,
  },
  {
    rule: "data/backup-offsite",
    paper: "nothing outside a lab can be reached, so nothing is seen to leave it",
  },
  { rule: "data/restore-present", paper: "what does not exist cannot be run" },
  { rule: "pipeline/action-pinned", paper: "the pipeline's platform is not in a lab" },
  { rule: "pipeline/host-key", paper: "the pipeline's platform is not in a lab" },
  {
    rule: "access/cookie-transport",
    drill: "access/encrypts-traffic",
    words: /sets csrftoken without Secure/,
  },
  { rule: "access/non-root", drill: "access/runs-unprivileged", of: "api", words: /every process is root/ },
  { rule: "release/rollback", drill: "release/rolls-back", words: /the release has taken its name/ },
  { rule: "pipeline/tests-can-fail", paper: noDrill },
  { rule: "release/fails-open", subject: 'job "deploy" of .github/workflows/deploy.yml', paper: noDrill },
  { rule: "release/fails-open", subject: 'job "refresh" of .github/workflows/refresh.yml', paper: noDrill },
  { rule: "release/checked-start", paper: noDrill },
  { rule: "build/unlocked-dependencies", subject: "api/Dockerfile", paper: noDrill },
  { rule: "build/unlocked-dependencies", subject: "web/Dockerfile", paper: noDrill },
  { rule: "boot/bind-hides-image", paper: noDrill },
  { rule: "build/floating-image", paper: noDrill },
  {
    rule: "capacity/memory-limit",
    drill: "capacity/stays-within-limits",
    of: "web",
    words: /there is no memory limit/,
  },
  {
    rule: "observe/log-rotation",
    drill: "observe/logs-are-bounded",
    of: "web",
    words: /nothing takes old lines away/,
  },
  { rule: "boot/loopback-address", drill: "boot/boots-healthy", words: /worker: (.|\n)*message broker/ },
  {
    rule: "data/named-volume",
    paper: "which version `latest` is depends on the machine; one before 18 keeps its data",
  },
  { rule: "boot/documented-never-read", paper: noDrill },
  { rule: "boot/variable-unset", paper: noDrill },
  { rule: "boot/waits-for-health", paper: "a late store is tried on stacks that start" },
  {
    rule: "health/healthcheck-present",
    drill: "health/health-is-truthful",
    of: "db",
    words: /nothing asks it/,
  },
  { rule: "recovery/edge-waits", paper: "felt only when an application is sick at the very start" },
  {
    rule: "access/allowed-hosts",
    paper: "the journal notes the answer under a foreign name; many sites give one on purpose",
  },
  { rule: "access/network-separation", paper: "who reaches whom inside the clone is not tried" },
  {
    rule: "proxy/header-inheritance",
    drill: "access/encrypts-traffic",
    words: /strict-transport-security is not on the asset/,
  },
  {
    rule: "proxy/https-redirect",
    drill: "access/encrypts-traffic",
    words: /port 80 answers 200 in plain HTTP/,
  },
  { rule: "build/build-tools-in-image", paper: "it helps whoever is inside already" },
  { rule: "proxy/rate-limit-unused", paper: "a limit that is missing slows nothing down" },
  {
    rule: "release/migrate-on-start",
    drill: "release/migrates-safely",
    words: /the version before serves when the migration fails/,
  },
];
