import { type Container, type ContainerProbe, labLabel } from "../core/engine.ts";

/** What we read of `GET /containers/ID/json`. */
export interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Status: Container["state"];
    readonly Running: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string };
  };
  readonly Config: {
    readonly Image: string;
    readonly User: string;
    readonly Env: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>> | null;
    readonly Healthcheck?: {
      readonly Test?: readonly string[] | null;
      readonly Interval?: number;
      readonly Timeout?: number;
      readonly Retries?: number;
      readonly StartPeriod?: number;
    };
  };
  readonly HostConfig: {
    readonly Privileged: boolean;
    readonly ReadonlyRootfs: boolean;
    readonly Memory: number;
    readonly PidsLimit: number | null;
    readonly NanoCpus: number;
    readonly CapDrop: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly RestartPolicy: { readonly Name: string };
    readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> | null };
  };
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> | null;
  };
}

export function toContainer(seen: Inspected): Container {
  const labels = seen.Config.Labels ?? {};
  const health = seen.State.Health?.Status;
  const addresses = Object.entries(seen.NetworkSettings.Networks ?? {}).filter(
    ([, network]) => network.IPAddress !== "",
  );
  return {
    id: seen.Id,
    name: seen.Name.replace(/^\//, ""),
    service: labels["com.docker.compose.service"] ?? "",
    lab: labels[labLabel] ?? "",
    image: seen.Image,
    state: seen.State.Status,
    ...(health === undefined || health === "none" ? {} : { health: health as "starting" }),
    exitCode: seen.State.ExitCode,
    oomKilled: seen.State.OOMKilled,
    restarts: seen.RestartCount,
    startedAt: seen.State.StartedAt,
    restartPolicy: seen.HostConfig.RestartPolicy.Name || "no",
    addresses: Object.fromEntries(addresses.map(([name, network]) => [name, network.IPAddress])),
    security: {
      user: seen.Config.User,
      privileged: seen.HostConfig.Privileged,
      readOnly: seen.HostConfig.ReadonlyRootfs,
      memoryBytes: seen.HostConfig.Memory,
      pids: seen.HostConfig.PidsLimit ?? 0,
      nanoCpus: seen.HostConfig.NanoCpus,
      dropped: seen.HostConfig.CapDrop ?? [],
      options: seen.HostConfig.SecurityOpt ?? [],
    },
    ...probeOf(seen),
    logging: { driver: seen.HostConfig.LogConfig.Type, options: seen.HostConfig.LogConfig.Config ?? {} },
    environment: seen.Config.Env ?? [],
  };
}

/** Durations are nanoseconds; 0 stands for the engine's defaults: 30 s, 30 s and 3. */
function probeOf({ Config: { Healthcheck: check } }: Inspected): { probe?: ContainerProbe } {
  const test = check?.Test ?? [];
  if (!check || test.length === 0 || test[0] === "NONE") return {};
  const intervalMs = (check.Interval ?? 0) / 1e6 || 30_000;
  const timeoutMs = (check.Timeout ?? 0) / 1e6 || 30_000;
  const startPeriodMs = (check.StartPeriod ?? 0) / 1e6;
  return { probe: { test, intervalMs, timeoutMs, retries: check.Retries || 3, startPeriodMs } };
}
