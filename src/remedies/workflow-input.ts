import { basename, dirname, inside, join } from "../core/path.ts";
import { isSecretName } from "../formats/secret.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import { isOptional } from "../stack/query.ts";
import { accountsOf, isMysql, isPostgres } from "../stack/query-data.ts";
import { packageAt } from "../stack/query-runtime.ts";
import type { Build, ComposeProject, Service, Stack } from "../stack/stack.ts";
import type { CheckJob, CheckService, ReleasedImage, WorkflowInput } from "./workflow.ts";
import { nodeCheck, pythonCheck } from "./workflow-checks.ts";

/**
 * What a pipeline for a project needs to know, from its model. Undefined when it builds no image from this repository,
 * when an image's context lies outside of it, or when there is nothing to check it with.
 */
export function workflowInput(stack: Stack, project: ComposeProject): WorkflowInput | undefined {
  const images = imagesOf(project);
  const [image, ...more] = images ?? [];
  const services = project.services.filter(service => !service.oneShot && !isOptional(service));
  const jobs = jobsOf(stack, project);
  // The pipeline runs where the repository's root is, and so does Compose on the server.
  if (!image || project.directory !== "" || jobs.length === 0 || services.length === 0) return undefined;
  return {
    name: project.name,
    composeFiles: project.files,
    services: services.map(service => service.name),
    jobs,
    images: [image, ...more],
    sent: sentOf(project),
    backup: services.some(service => service.name === "backup"),
    ...migrationOf(project),
  };
}

/** Services that run the same image share it. Undefined when one cannot be built from this repository alone. */
function imagesOf(project: ComposeProject): ReleasedImage[] | undefined {
  const byBuild = new Map<string, { build: Build; services: string[] }>();
  for (const { name, build } of project.services) {
    if (!build) continue;
    if (
      build.contextState !== "present" ||
      build.context === undefined ||
      build.dockerfileState !== "present"
    )
      return undefined;
    const key = [
      build.context,
      build.dockerfilePath,
      build.target?.value,
      ...build.args.map(argumentText),
    ].join("\n");
    const known = byBuild.get(key);
    if (known) known.services.push(name);
    else byBuild.set(key, { build, services: [name] });
  }
  return [...byBuild.values()].map(({ build, services }) => ({
    services: services as [string],
    context: build.context!,
    ...(build.dockerfilePath !== join(build.context!, "Dockerfile") && build.dockerfilePath !== undefined
      ? { dockerfile: build.dockerfilePath }
      : {}),
    ...(build.target ? { target: build.target.value } : {}),
    // What only the server knows is a variable of the repository.
    args: build.args.map(each => [each.name, each.value?.text ?? `\${{ vars.${each.name} }}`] as const),
  }));
}

function argumentText({ name, value }: Build["args"][number]): string {
  return `${name}=${value?.raw ?? ""}`;
}

/** Compose files, and files and directories of the repository that are mounted. */
function sentOf(project: ComposeProject): string[] {
  const mounted = project.services.flatMap(service =>
    service.mounts.flatMap(mount =>
      mount.type === "bind" && mount.repositoryPath && mount.exists && mount.exists !== "absent"
        ? [mount.repositoryPath]
        : [],
    ),
  );
  const paths = [...new Set([...project.files, ...mounted])];
  return paths
    .filter(path => !paths.some(other => other !== path && inside(other, path) !== undefined))
    .sort();
}

/** Django brings its database along only when somebody tells it to; where a service does, that is left to it. */
function migrationOf(project: ComposeProject): Pick<WorkflowInput, "migrate"> {
  const migrates = (service: Service) =>
    /\bmigrate\b/.test(
      `${service.process?.commands
        .flat()
        .map(word => word.value ?? "")
        .join(" ")} ${service.process?.text ?? ""}`,
    );
  if (project.services.some(migrates)) return {};
  const web = project.services.find(({ component, build }) => component?.django && build);
  const manage = web?.component?.django?.manage;
  const workdir = web?.model?.workdir;
  if (!web || !manage || workdir === undefined) return {};
  return { migrate: { service: web.name, command: "python manage.py migrate --noinput" } };
}

function jobsOf(stack: Stack, project: ComposeProject): CheckJob[] {
  const jobs: CheckJob[] = [];
  for (const component of stack.components) {
    const service = project.services.find(each => each.component === component && each.build);
    if (!service) continue;
    const dir = dirname(component.manifest);
    if (jobs.some(job => job.dir === dir)) continue;
    const id = uniqueId(basename(dir) || service.name, jobs);
    const job = packageAt(stack, component.manifest)
      ? nodeCheck(stack, dir, id, versionOf(service, "node") ?? "22")
      : pythonCheck(stack, dir, id, versionOf(service, "python") ?? "3.12", manageOf(component, dir));
    if (job) jobs.push({ ...job, ...surroundings(project, service) });
  }
  return jobs;
}

function uniqueId(name: string, jobs: readonly CheckJob[]): string {
  const id = name.toLowerCase().replace(/[^a-z0-9]+/g, "-") || "app";
  return ["images", "ci", "deploy", ...jobs.map(job => job.id)].includes(id)
    ? `${id}-${jobs.length + 1}`
    : id;
}

function manageOf({ django }: AppComponent, dir: string): string | undefined {
  return django && inside(dir, django.manage);
}

/** The language's version in the image, so that checks run on what is shipped. */
function versionOf({ build }: Service, language: "node" | "python"): string | undefined {
  for (const stage of build?.dockerfile?.stages ?? []) {
    const found = new RegExp(`(?:^|/)${language}:(\\d+(?:\\.\\d+)?)`).exec(stage.from.resolved ?? "");
    if (found) return found[1];
  }
  return undefined;
}

const inJob = "only-in-this-job-and-long-enough-for-any-check-of-its-length";

/** The service's own variables, led to databases that run beside the job. */
function surroundings(project: ComposeProject, service: Service): Pick<CheckJob, "environment" | "services"> {
  const stores = project.services.flatMap(store => {
    const beside = besideJob(store);
    return beside ? [{ store, beside }] : [];
  });
  const environment = service.environment
    .filter(({ from }) => from === "environment" || from === "env_file")
    .map(
      ({ name, value }) =>
        [
          name,
          inJobValue(
            name,
            value?.text,
            stores.map(({ store }) => store),
          ),
        ] as const,
    );
  const used = stores.filter(({ store }) =>
    service.environment.some(({ value }) => mentions(value?.text ?? "", store.name)),
  );
  return { environment, services: used.map(({ beside }) => beside) };
}

function mentions(text: string, host: string): boolean {
  return text === host || new RegExp(`(?:@|//)${host}(?=[:/]|$)`).test(text);
}

function inJobValue(name: string, text: string | undefined, stores: readonly Service[]): string {
  if (text === undefined) return inJob;
  for (const store of stores) {
    if (text === store.name) return "127.0.0.1";
    if (mentions(text, store.name))
      return text
        .replace(/(\/\/[^:/@]*):[^@/]*@/, `$1:${inJob}@`)
        .replace(new RegExp(`(@|//)${store.name}(?=[:/]|$)`), "$1127.0.0.1");
  }
  return isSecretName(name) ? inJob : text;
}

function besideJob(store: Service): CheckService | undefined {
  const image = store.build ? undefined : store.image?.text;
  if (image === undefined) return undefined;
  const accounts = accountsOf(store);
  if (isPostgres(store) && accounts)
    return {
      name: store.name,
      image,
      port: 5432,
      environment: [
        ["POSTGRES_USER", accounts.users[0]!],
        ["POSTGRES_DB", accounts.databases[0]!],
        ["POSTGRES_PASSWORD", inJob],
      ],
      health: "pg_isready -h 127.0.0.1",
    };
  if (isMysql(store) && accounts)
    return {
      name: store.name,
      image,
      port: 3306,
      environment: [
        ["MYSQL_ROOT_PASSWORD", inJob],
        ["MYSQL_DATABASE", accounts.databases[0]!],
        ...(accounts.users[1]
          ? ([
              ["MYSQL_USER", accounts.users[1]],
              ["MYSQL_PASSWORD", inJob],
            ] as const)
          : []),
      ],
      health: "mysqladmin ping -h 127.0.0.1",
    };
  if (store.kind === "cache" && /(?:^|\/)(?:redis|valkey)/.test(image))
    return { name: store.name, image, port: 6379, environment: [], health: "redis-cli ping" };
  return undefined;
}
