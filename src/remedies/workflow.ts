import { yamlScalar } from "../formats/yaml-text.ts";
import { actions } from "./action-commits.ts";
import type { NewFile } from "./new-file.ts";
import { type ReleaseInput, releaseScript, rollbackScript } from "./release-scripts.ts";

/** A program that a check needs beside it: a database as in production. */
export interface CheckService {
  readonly name: string;
  readonly image: string;
  readonly port: number;
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** A command that ends with 0 when it serves. */
  readonly health: string;
}

/** What is checked of one component before anything of it is built. */
export interface CheckJob {
  /** Letters, digits and dashes. */
  readonly id: string;
  /** Relative to the root of the repository; "" is the root. */
  readonly dir: string;
  readonly setup:
    | { readonly language: "python"; readonly version: string; readonly cache?: string }
    | {
        readonly language: "node";
        readonly version: string;
        readonly manager: "npm" | "yarn" | "pnpm";
        readonly cache?: string;
      };
  /** Commands that install, and commands that check; each has to succeed. */
  readonly install: readonly string[];
  readonly checks: readonly string[];
  readonly environment?: readonly (readonly [name: string, value: string])[];
  readonly services?: readonly CheckService[];
}

/** An image that is built from this repository. Paths are relative to its root. */
export interface ReleasedImage {
  /** The Compose services that run it; the first gives it its name. */
  readonly services: readonly [string, ...string[]];
  readonly context: string;
  readonly dockerfile?: string;
  readonly target?: string;
  readonly args?: readonly (readonly [name: string, value: string])[];
}

export interface WorkflowInput extends ReleaseInput {
  /** The project: names the images and the directory /srv/NAME on the server. */
  readonly name: string;
  readonly jobs: readonly CheckJob[];
  readonly images: readonly [ReleasedImage, ...ReleasedImage[]];
  /** Files and directories that the server needs, relative to the root: Compose files and what they mount. */
  readonly sent: readonly string[];
}

/**
 * A pipeline for GitHub that gates: `ci.yml` lints, tests, looks for forgotten migrations, builds each image and looks
 * for known holes in it; `deploy.yml` waits for all of that, pushes the images and puts them into service by digest;
 * `deploy/release.sh` waits on the server until they are healthy and goes back when they are not.
 */
export function workflow(input: WorkflowInput): { files: NewFile[]; afterwards: string } {
  return {
    files: [
      { path: ".github/workflows/ci.yml", text: lines(checks(input)) },
      { path: ".github/workflows/deploy.yml", text: lines(deploy(input)) },
      { path: "deploy/release.sh", text: releaseScript(input), executable: true },
      { path: "deploy/rollback.sh", text: rollbackScript, executable: true },
    ],
    afterwards: `In the repository's settings, make an environment "production" with the variables DEPLOY_HOST, DEPLOY_USER and DEPLOY_KNOWN_HOSTS (the output of ssh-keyscan, compared on the server) and the secret DEPLOY_KEY. On the server, that user owns /srv/${input.name}, may use Docker, and .env lies there.`,
  };
}

function lines(parts: readonly (string | readonly string[])[]): string {
  return `${parts.flat().join("\n")}\n`;
}

function checks(input: WorkflowInput) {
  return [
    "name: ci",
    "",
    "on:",
    "  pull_request:",
    "  workflow_call:",
    "",
    "permissions:",
    "  contents: read",
    "",
    "# A newer push to a pull request makes the older run pointless. A deploy's run is never cancelled.",
    "concurrency:",
    "  group: ci-${{ github.workflow }}-${{ github.ref }}",
    "  cancel-in-progress: ${{ github.event_name == 'pull_request' }}",
    "",
    "jobs:",
    ...input.jobs.map(job => [...checkJob(job), ""]),
    "  images:",
    "    runs-on: ubuntu-24.04",
    "    timeout-minutes: 30",
    "    steps:",
    ...checkout,
    `      - uses: ${actions.buildx}`,
    ...input.images.flatMap(image => [
      `      - uses: ${actions.build}`,
      "        with:",
      ...buildSettings(image),
      "          load: true",
      `          tags: ${input.name}-${image.services[0]}:scan`,
      ...caches(image),
      `      - uses: ${actions.scan}`,
      "        with:",
      `          image-ref: ${input.name}-${image.services[0]}:scan`,
      "          severity: HIGH,CRITICAL",
      "          ignore-unfixed: true",
      '          exit-code: "1"',
    ]),
  ];
}

const checkout = [`      - uses: ${actions.checkout}`, "        with: { persist-credentials: false }"];

function checkJob(job: CheckJob): string[] {
  const { environment = [], services = [], setup } = job;
  return [
    `  ${job.id}:`,
    "    runs-on: ubuntu-24.04",
    "    timeout-minutes: 20",
    ...(job.dir === "" ? [] : ["    defaults:", `      run: { working-directory: ${yamlScalar(job.dir)} }`]),
    ...(services.length === 0 ? [] : ["    services:", ...services.flatMap(checkService)]),
    ...(environment.length === 0 ? [] : ["    env:", ...pairs(environment, "      ")]),
    "    steps:",
    ...checkout,
    // Corepack has to know the manager before the cache is looked for.
    ...(setup.language === "node" && setup.manager !== "npm" ? ["      - run: corepack enable"] : []),
    `      - uses: ${actions[setup.language]}`,
    "        with:",
    `          ${setup.language}-version: ${JSON.stringify(setup.version)}`,
    ...(setup.cache === undefined
      ? []
      : [
          `          cache: ${setup.language === "python" ? "pip" : setup.manager}`,
          `          cache-dependency-path: ${yamlScalar(setup.cache)}`,
        ]),
    ...[...job.install, ...job.checks].map(command => `      - run: ${yamlScalar(command)}`),
  ];
}

function checkService(service: CheckService): string[] {
  return [
    `      ${service.name}:`,
    `        image: ${yamlScalar(service.image)}`,
    ...(service.environment.length === 0
      ? []
      : ["        env:", ...pairs(service.environment, "          ")]),
    `        ports: ["${service.port}:${service.port}"]`,
    `        options: --health-cmd "${service.health}" --health-interval 5s --health-timeout 5s --health-retries 12`,
  ];
}

function pairs(values: readonly (readonly [string, string])[], indent: string): string[] {
  return values.map(([name, value]) => `${indent}${name}: ${yamlScalar(value)}`);
}

function buildSettings(image: ReleasedImage): string[] {
  const { args = [] } = image;
  return [
    `          context: ${yamlScalar(image.context === "" ? "." : image.context)}`,
    ...(image.dockerfile === undefined ? [] : [`          file: ${yamlScalar(image.dockerfile)}`]),
    ...(image.target === undefined ? [] : [`          target: ${yamlScalar(image.target)}`]),
    ...(args.length === 0
      ? []
      : ["          build-args: |", ...args.map(([name, value]) => `            ${name}=${value}`)]),
  ];
}

function caches(image: ReleasedImage): string[] {
  const scope = image.services[0];
  return [
    `          cache-from: type=gha,scope=${scope}`,
    `          cache-to: type=gha,scope=${scope},mode=max`,
  ];
}

function deploy(input: WorkflowInput) {
  const variable = (image: ReleasedImage) => `IMAGE_${image.services[0].toUpperCase().replace(/\W/g, "_")}`;
  return [
    "name: deploy",
    "",
    "on:",
    "  push:",
    "    branches: [main, master]",
    "",
    "permissions:",
    "  contents: read",
    "",
    "# One deploy at a time, and none is cut off half-way: a newer push waits.",
    "concurrency:",
    "  group: production",
    "  cancel-in-progress: false",
    "",
    "jobs:",
    "  ci:",
    "    uses: ./.github/workflows/ci.yml",
    "",
    "  images:",
    "    needs: ci",
    "    runs-on: ubuntu-24.04",
    "    timeout-minutes: 30",
    "    permissions:",
    "      contents: read",
    "      packages: write",
    "    outputs:",
    "      registry: ${{ steps.names.outputs.registry }}",
    ...input.images.map(
      ({ services: [name] }) => `      ${name}: \${{ steps.image-${name}.outputs.digest }}`,
    ),
    "    steps:",
    ...checkout,
    "      # Registries take lower case only.",
    "      - id: names",
    '        run: echo "registry=ghcr.io/${GITHUB_REPOSITORY,,}" >>"$GITHUB_OUTPUT"',
    `      - uses: ${actions.buildx}`,
    `      - uses: ${actions.login}`,
    "        with:",
    "          registry: ghcr.io",
    "          username: ${{ github.actor }}",
    "          password: ${{ secrets.GITHUB_TOKEN }}",
    "      # The commit is the tag: it is never written twice, so the release from before stays what it was.",
    ...input.images.flatMap(image => [
      `      - id: image-${image.services[0]}`,
      `        uses: ${actions.build}`,
      "        with:",
      ...buildSettings(image),
      "          push: true",
      `          tags: \${{ steps.names.outputs.registry }}/${image.services[0]}:\${{ github.sha }}`,
      ...caches(image),
    ]),
    "",
    "  deploy:",
    "    needs: images",
    "    runs-on: ubuntu-24.04",
    "    timeout-minutes: 30",
    "    environment: production",
    "    permissions:",
    "      contents: read",
    "      packages: read",
    "    env:",
    "      HOST: ${{ vars.DEPLOY_USER }}@${{ vars.DEPLOY_HOST }}",
    "    steps:",
    ...checkout,
    "      - name: Know the server",
    "        env:",
    "          DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}",
    "          KNOWN_HOSTS: ${{ vars.DEPLOY_KNOWN_HOSTS }}",
    "        run: |",
    "          install -d -m 0700 ~/.ssh",
    `          (umask 077; printf '%s\\n' "$DEPLOY_KEY" >~/.ssh/id_ed25519)`,
    `          printf '%s\\n' "$KNOWN_HOSTS" >~/.ssh/known_hosts`,
    "      - name: Name the images by their digests",
    "        env:",
    ...input.images.map(
      image =>
        `          ${variable(image)}: \${{ needs.images.outputs.registry }}/${image.services[0]}@\${{ needs.images.outputs.${image.services[0]} }}`,
    ),
    "        run: |",
    "          cat >release.next.yml <<END",
    "          services:",
    ...input.images.flatMap(image =>
      image.services.map(service => `            ${service}: { image: "$${variable(image)}" }`),
    ),
    "          END",
    "      # Everything that Compose reads and mounts there. .env is the server's own and stays.",
    "      - name: Bring the files of this release",
    `        run: rsync --archive --relative ${[...input.sent, "deploy", "release.next.yml"].join(" ")} "$HOST:/srv/${input.name}/"`,
    "      - name: Let the server read the images",
    "        env:",
    "          TOKEN: ${{ secrets.GITHUB_TOKEN }}",
    "          ACTOR: ${{ github.actor }}",
    `        run: printf '%s' "$TOKEN" | ssh "$HOST" docker login ghcr.io --username "$ACTOR" --password-stdin`,
    "      # Waits until every service is healthy, and goes back by itself when that fails.",
    "      - name: Release",
    `        run: ssh -n "$HOST" /srv/${input.name}/deploy/release.sh`,
  ];
}
