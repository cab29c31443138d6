import type { Edit, Fix } from "../core/fix.ts";
import type { Service, Stack } from "../stack/stack.ts";
import { addToService } from "./service-edit.ts";

/** The edit that gives a RabbitMQ its own service's name as host name. */
export function hostnameEdit(stack: Stack, service: Service): Edit | undefined {
  return addToService(stack, service, [`hostname: ${service.name}`]);
}

export function giveHostname(stack: Stack, service: Service): Fix | undefined {
  const edit = hostnameEdit(stack, service);
  return (
    edit && {
      title: `Give ${service.name} a host name`,
      grade: "needs-testing",
      edits: [edit],
      test: `Send a persistent message that nobody takes, run \`docker compose up -d --force-recreate ${service.name}\`, and take it.`,
      afterwards: `Let the workers empty the queues of ${service.name} before the first start with this change: its queues begin anew once more.`,
    }
  );
}
