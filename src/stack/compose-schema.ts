/** Keys of sections below a service, which an indentation too few brings up. */
export const sectionKeys: readonly (readonly [string, readonly string[]])[] = [
  ["build", ["args", "context", "dockerfile", "target", "cache_from", "dockerfile_inline"]],
  ["healthcheck", ["test", "interval", "timeout", "retries", "start_period", "start_interval"]],
  [
    "deploy",
    ["replicas", "resources", "restart_policy", "update_config", "placement", "limits", "reservations"],
  ],
  ["logging", ["driver", "options"]],
];

/**
 * Keys of a service that Compose refuses without a value ("must be a mapping", "must be a string"). It takes `command`,
 * `entrypoint` and `deploy` without one. Measured key by key with Compose 2.26.
 */
export const filledKeys: ReadonlySet<string> = new Set(
  `image build environment env_file ports volumes networks depends_on labels restart healthcheck logging expose extra_hosts
  user working_dir container_name hostname profiles secrets configs cap_add tmpfs dns privileged stdin_open ulimits links
  security_opt`.split(/\s+/),
);
