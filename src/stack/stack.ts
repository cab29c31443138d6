import type { CaddyModel } from "../artifacts/caddyfile.ts";
import type { Call } from "../artifacts/commands.ts";
import type { Devcontainer } from "../artifacts/devcontainer.ts";
import type { Dockerfile, Stage } from "../artifacts/dockerfile.ts";
import type { EnvFile } from "../artifacts/env-file.ts";
import type { Makefile } from "../artifacts/makefile.ts";
import type { PrometheusConfig } from "../artifacts/prometheus.ts";
import type { Script } from "../artifacts/script.ts";
import type { Workflow } from "../artifacts/workflow.ts";
import type { Gap, Problem } from "../core/problem.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Located, Location, Source } from "../core/source.ts";
import type { Ignore } from "../formats/dockerignore.ts";
import type { YamlMap, YamlNode, YamlPair } from "../formats/yaml.ts";
import type { AppComponent } from "./app/detect.ts";
import type { ImageFacts, ImageRef } from "./image/facts.ts";
import type { ImageModel } from "./image/image.ts";
import type { Because } from "./project-plan.ts";
import type { EffectiveNginx } from "./proxy/effective.ts";
import type { Interpolated } from "./resolve/interpolate.ts";

/** The whole deployment surface as one linked model. Rules ask it questions and never read files themselves. */
export interface Stack {
  readonly files: ProjectFiles;
  /** Every text that was read, by path. */
  readonly sources: ReadonlyMap<string, Source>;
  readonly kinds: ReadonlyMap<string, string>;
  readonly projects: readonly ComposeProject[];
  /** Services of every project. */
  readonly services: readonly Service[];
  /** Every place that builds an image: Compose, workflows, scripts, Makefiles. */
  readonly builds: readonly Build[];
  readonly dockerfiles: ReadonlyMap<string, Dockerfile>;
  readonly components: readonly AppComponent[];
  readonly workflows: readonly Workflow[];
  readonly scripts: readonly Script[];
  readonly makefiles: readonly Makefile[];
  readonly envFiles: readonly EnvFile[];
  readonly prometheus: readonly PrometheusConfig[];
  readonly devcontainers: readonly Devcontainer[];
  /** nginx instances: one per service that runs nginx, plus configuration files no service mounts. */
  readonly proxies: readonly ProxyInstance[];
  /** Services that run Caddy with a Caddyfile of the repository. */
  readonly caddies: readonly CaddyInstance[];
  /** Every command of scripts, Makefiles and workflows that touches the deployment, with who calls it. */
  readonly calls: readonly PlacedCall[];
  readonly problems: readonly Problem[];
  readonly gaps: readonly Gap[];
  /** Literals that must never be printed. */
  readonly secrets: ReadonlySet<string>;
  /** ISO date of the audit, for what ends some day: versions out of support. */
  readonly today: string;
}

/**
 * deployed: a pipeline or script ships it, its name says production, or it is the only one there is;
 * presumed: nothing says that it is for a workstation, and beside others nothing says that it is for a server either;
 * staging: meant for a server, but not the production one; development: for a workstation or CI.
 */
export type Grade = "deployed" | "presumed" | "staging" | "development";

export interface ComposeProject {
  /** Effective project name: `name:`, else the directory's. */
  readonly name: string;
  readonly nameAt?: Location;
  /** Directory that relative paths resolve against. */
  readonly directory: string;
  /** Compose files in the order Compose merges them. */
  readonly files: readonly string[];
  readonly grade: Grade;
  readonly because: Because;
  /** The files that a release means which seems to start these. */
  readonly meant?: readonly string[];
  readonly services: readonly Service[];
  readonly volumes: readonly NamedVolume[];
  readonly networks: readonly NamedNetwork[];
  readonly secrets: readonly NamedFile[];
  readonly configs: readonly NamedFile[];
  /** `volumes:` and the like, as a section without anything. */
  readonly emptySections: readonly YamlPair[];
  /** Value that the project's .env gives a variable; undefined when nothing in the repository sets it. */
  lookup(name: string): string | undefined;
}

export interface Service {
  readonly name: string;
  /** The service's key in the (last) file that defines it. */
  readonly at: Location;
  readonly project: ComposeProject;
  /** The merged mapping, for keys that have no field here. */
  readonly node: YamlMap;
  readonly image?: Interpolated;
  readonly imageRef?: ImageRef;
  readonly build?: Build;
  /** For an image that is pulled: what builds it, where the repository itself does, in a pipeline, a script or another Compose file. */
  readonly made?: Build;
  /** What runs: the built image's model, or none for an image of others (then see `facts`). */
  readonly model?: ImageModel;
  /** Facts about the pulled image, or about the base of the built one. */
  readonly facts?: ImageFacts;
  readonly kind: ServiceKind;
  readonly command?: Command;
  readonly entrypoint?: Command;
  /** Entry point and command as they run, Compose over image. Undefined when neither is known. */
  readonly process?: Process;
  readonly environment: readonly Variable[];
  /** Variables that scripts on the way to the program give other values: `export BROKER="$CACHE"`. */
  readonly reassigned?: ReadonlySet<string>;
  /** What these scripts set for the program; undefined where the value is not plain. */
  readonly scripted?: ReadonlyMap<string, string | undefined>;
  /** They also source a file that is called after settings. */
  readonly settingsSourced?: true;
  readonly envFiles: readonly EnvFileUse[];
  readonly ports: readonly Port[];
  readonly mounts: readonly Mount[];
  readonly dependsOn: readonly Dependency[];
  readonly healthcheck?: Healthcheck;
  readonly restart?: Interpolated;
  /** `deploy.restart_policy.condition`. */
  readonly restartPolicy?: Located<string>;
  readonly networks: readonly Located<string>[];
  readonly networkMode?: Located<string>;
  /** Without those of a service that starts with the rest, because one of its profiles is switched on. */
  readonly profiles: readonly Located<string>[];
  readonly containerName?: Interpolated;
  readonly replicas?: { readonly value: number; readonly at: Location };
  readonly user?: Interpolated;
  readonly secrets: readonly Located<string>[];
  readonly labels: readonly Variable[];
  /** Ends by design: a migration, an initialiser, something others wait for with service_completed_successfully. */
  readonly oneShot: boolean;
  /** The application whose code this service runs, when one component is clear. */
  readonly component?: AppComponent;
  /** A key of the merged service. */
  get(...path: string[]): YamlNode | undefined;
  /** A scalar of the merged service, interpolated. */
  text(...path: string[]): Interpolated | undefined;
}

export type ServiceKind =
  | "app"
  | "database"
  | "cache"
  | "queue"
  | "search"
  | "proxy"
  | "admin"
  | "monitoring"
  | "storage"
  | "mail"
  | "certificates"
  | "other"
  | "unknown";

/** A command line in either spelling. `words` are unquoted and interpolated; a word nothing can resolve is undefined. */
export interface Command {
  readonly form: "exec" | "shell";
  readonly words: readonly Located<string | undefined>[];
  readonly text: string;
  readonly at: Location;
}

export interface Process extends Command {
  /** The word that names the program after wrappers such as tini, dumb-init, `sh -c exec`, env, poetry run. */
  readonly program?: Located<string>;
  /** The command that stays, from its program on: wrappers and entry scripts are taken off. */
  readonly argv: readonly Located<string | undefined>[];
  /** Every command on the way there, in order; the last one is `argv`. */
  readonly commands: readonly (readonly Located<string | undefined>[])[];
  /** Where it is said: the service's own key, or the Dockerfile. */
  readonly from: "compose" | "dockerfile";
}

export interface Variable {
  readonly name: string;
  readonly nameAt: Location;
  /** Undefined for a bare `NAME`, which passes the host's value through. */
  readonly value: Interpolated | undefined;
  readonly at: Location;
  readonly from: "environment" | "env_file" | "image" | "build-arg" | "label";
}

export interface EnvFileUse {
  readonly path: Located<string>;
  /** Relative to the audited root; undefined when it leaves it or holds unknown variables. */
  readonly resolved?: string;
  readonly required: boolean;
  readonly file?: EnvFile;
}

export interface Port {
  /** As written, for messages. */
  readonly raw: string;
  readonly hostIp?: string;
  /** First published host port; undefined when Docker chooses or nothing in the repository tells. */
  readonly published?: number;
  readonly target?: number;
  readonly protocol: string;
  readonly at: Location;
  /** Reachable from other machines: not bound to a loopback address. Undefined when the address is unknown. */
  readonly public: boolean | undefined;
}

export interface Mount {
  readonly type: "bind" | "volume" | "tmpfs" | "other";
  /** As written and interpolated; undefined for anonymous volumes and unknown variables. */
  readonly source?: string;
  /** For a bind inside the repository: its path relative to the audited root. */
  readonly repositoryPath?: string;
  /** For a bind: what stands there. Undefined when it lies outside the repository. */
  readonly exists?: "file" | "directory" | "absent";
  readonly target: string;
  readonly readOnly: boolean;
  readonly at: Location;
  readonly sourceAt: Location;
  /** Long form with `create_host_path: false`. */
  readonly createsHostPath: boolean;
}

export interface Dependency {
  readonly service: string;
  readonly condition: "service_started" | "service_healthy" | "service_completed_successfully" | string;
  readonly required: boolean;
  readonly at: Location;
}

export interface Healthcheck {
  readonly disabled: boolean;
  readonly command?: Command;
  readonly at: Location;
  /** Where it comes from: the Compose file, the Dockerfile of this project, or the image's own facts. */
  readonly from: "compose" | "dockerfile";
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly retries?: number;
  readonly startPeriodMs?: number;
}

export interface NamedVolume {
  readonly name: string;
  readonly at: Location;
  readonly external: boolean;
  readonly node: YamlNode;
  /** Name on the engine: `name:`, or project and key. */
  readonly engineName: string;
  /** `driver_opts` bind device, when it is one. */
  readonly device?: Located<string>;
}

export interface NamedNetwork {
  readonly name: string;
  readonly at: Location;
  readonly external: boolean;
  readonly internal: boolean;
  readonly node: YamlNode;
  readonly engineName: string;
}

export interface NamedFile {
  readonly name: string;
  readonly at: Location;
  readonly external: boolean;
  readonly node: YamlNode;
  /** `file:` relative to the audited root. */
  readonly path?: Located<string>;
  readonly environment?: Located<string>;
}

export interface Build {
  readonly caller: {
    readonly kind: "compose" | "workflow" | "script" | "makefile" | "stage";
    readonly name: string;
  };
  readonly project?: ComposeProject;
  /** Where the build is asked for. */
  readonly at: Location;
  /** Context directory relative to the root ("" is the root); undefined for remote or unknown contexts. */
  readonly context?: string;
  readonly contextAt: Location;
  /** `outside`: leaves the audited tree; `remote`: a URL. */
  readonly contextState: "present" | "absent" | "outside" | "remote" | "unknown";
  readonly dockerfilePath?: string;
  readonly dockerfileAt: Location;
  readonly dockerfileState: "present" | "absent" | "inline" | "unknown";
  readonly dockerfile?: Dockerfile;
  readonly target?: Located<string>;
  /** The stage that is shipped; undefined when the target names none. */
  readonly stage?: Stage;
  readonly args: readonly Variable[];
  /** The .dockerignore in force, and where it stands. */
  readonly ignore?: { readonly path: string; readonly rules: Ignore };
  readonly model?: ImageModel;
  readonly tags: readonly string[];
  readonly push: boolean;
  /** Whether what this builds reaches production. */
  readonly grade: Grade;
}

export interface ProxyInstance {
  readonly service?: Service;
  /** Repository files that make up the configuration. */
  readonly files: readonly string[];
  readonly effective: EffectiveNginx;
}

export interface CaddyInstance {
  readonly service: Service;
  readonly file: string;
  readonly model: CaddyModel;
}

/** A call with where it runs. */
export interface PlacedCall {
  readonly call: Call;
  readonly caller: {
    /** `stage`: of a Jenkinsfile. */
    readonly kind: "script" | "makefile" | "workflow" | "stage";
    readonly file: string;
    /** Job id, target or stage. */
    readonly name?: string;
    readonly script?: Script;
    readonly workflow?: Workflow;
  };
  /** It changes a server: a deploy job or script, or a remote shell. */
  readonly deploys: boolean;
}
