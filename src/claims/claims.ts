import type { Claim } from "../core/claim.ts";

const build = "Will it build?";
const start = "Will it start?";
const back = "Will it come back?";
const data = "Can you get the data back?";
const access = "Who can get in?";
const release = "Can you release, and go back?";
const operate = "Will it last, and will you notice?";

/** Every promise that the product decides. Areas are the questions of a report, in their order of worth. */
export const claims: readonly Claim[] = [
  {
    id: "builds",
    promise: "Every image builds from what is committed.",
    area: build,
    weight: "must",
    decidedBy: "Build every image from a clean clone.",
  },
  {
    id: "boots-healthy",
    promise: "Every service starts and becomes healthy.",
    area: start,
    weight: "must",
    decidedBy: "Start the stack from nothing and wait until every service is healthy.",
  },
  {
    id: "configured-completely",
    promise: "Every variable that is read is set, and every variable that is set is read.",
    area: start,
    weight: "must",
    decidedBy: "Start each service with exactly the documented environment and watch for failed reads.",
  },
  {
    id: "waits-for-dependencies",
    promise: "A service waits until what it depends on can serve it.",
    area: start,
    weight: "should",
    decidedBy: "Start the stack with a database that takes a minute to accept connections.",
  },
  {
    id: "health-is-truthful",
    promise: "Healthy means that users are served, and unhealthy means that they are not.",
    area: start,
    weight: "must",
    decidedBy: "Stop serving behind a running process and see whether the health check turns red.",
  },
  {
    id: "survives-kill",
    promise: "A crashed service comes back by itself.",
    area: back,
    weight: "must",
    decidedBy: "Crash the main process of each service and wait for it to serve again.",
  },
  {
    id: "survives-reboot",
    promise: "The whole stack comes back after the server restarts.",
    area: back,
    weight: "must",
    decidedBy: "Restart the engine and wait until every service is healthy.",
  },
  {
    id: "survives-dependency-loss",
    promise: "A service recovers when a dependency went away and came back.",
    area: back,
    weight: "should",
    decidedBy: "Stop each dependency for a minute and see its users recover without help.",
  },
  {
    id: "stops-gracefully",
    promise: "A stopping service finishes the work it has accepted.",
    area: back,
    weight: "should",
    decidedBy: "Stop a service under load and count the requests and jobs that are lost.",
  },
  {
    id: "data-survives-redeploy",
    promise: "Replacing containers keeps all data.",
    area: data,
    weight: "must",
    decidedBy: "Write a row and a file, recreate every container, and read them again.",
  },
  {
    id: "backup-restores",
    promise: "There is a backup, and it can be restored.",
    area: data,
    weight: "must",
    decidedBy: "Take a backup, destroy the data, restore it, and compare every table.",
  },
  {
    id: "exposes-only-the-front-door",
    promise: "Only the front door can be reached from outside.",
    area: access,
    weight: "must",
    decidedBy: "Connect to every published port from outside and see what answers without a credential.",
  },
  {
    id: "no-secret-leaks",
    promise: "No credential can be read by someone who should not have it.",
    area: access,
    weight: "must",
    decidedBy: "Search images, logs and the history for every credential that the stack uses.",
  },
  {
    id: "encrypts-traffic",
    promise: "Traffic that leaves the server is encrypted, and the certificate renews itself.",
    area: access,
    weight: "must",
    decidedBy: "Connect over TLS, renew the certificate, and see the new one served.",
  },
  {
    id: "runs-unprivileged",
    promise: "A broken-into container cannot take over the server.",
    area: access,
    weight: "should",
    decidedBy: "Run each container with the rights it is given and try to leave it.",
  },
  {
    id: "rolls-out-without-downtime",
    promise: "A release loses no request.",
    area: release,
    weight: "should",
    decidedBy: "Release a new version under load and count the failed requests.",
  },
  {
    id: "rolls-back",
    promise: "A bad release can be taken back.",
    area: release,
    weight: "must",
    decidedBy: "Release a version that fails and return to the one before.",
  },
  {
    id: "migrates-safely",
    promise: "Migrations run once, before the code that needs them, and can fail without damage.",
    area: release,
    weight: "must",
    decidedBy: "Migrate from the previous version while it still serves, and break the migration midway.",
  },
  {
    id: "pipeline-gates",
    promise: "Nothing reaches production that a check has refused.",
    area: release,
    weight: "must",
    decidedBy: "Push a change that fails its tests and see that it is not deployed.",
  },
  {
    id: "builds-reproducibly",
    promise: "The same commit gives the same image.",
    area: release,
    weight: "should",
    decidedBy: "Build the same commit twice without a cache and compare what is inside.",
  },
  {
    id: "stays-within-limits",
    promise: "No service can starve the others of memory, processor or connections.",
    area: operate,
    weight: "should",
    decidedBy: "Let one service use all it can get and see that the others still answer.",
  },
  {
    id: "logs-are-bounded",
    promise: "Logs cannot fill the disk.",
    area: operate,
    weight: "should",
    decidedBy: "Write a gigabyte of log lines and measure what stays on disk.",
  },
  {
    id: "failure-is-noticed",
    promise: "A failure reaches a person.",
    area: operate,
    weight: "should",
    decidedBy: "Break a service and wait for the alert.",
  },
  {
    id: "meets-its-load",
    promise: "The stack carries the load it is meant for.",
    area: operate,
    weight: "should",
    decidedBy: "Send the expected load for ten minutes and measure latency and errors.",
  },
];
