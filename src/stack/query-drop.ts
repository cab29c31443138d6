import { containerScript } from "./query.ts";
import type { Service, Stack } from "./stack.ts";

/** Programs that start others under users of their own. */
const supervisors =
  /^(?:init|s6-svscan|supervisord|runsvdir|runit|systemd|crond?|dockerd|sshd|nginx|httpd|apache2.*|php-fpm.*|haproxy|caddy|traefik)$/;
const drops = /^(?:gosu|su-exec|setpriv|runuser|chpst|s6-setuidgid|su|sudo|chroot|supervisord|nginx)$/;

/** An entry script that changes the user, or a supervisor that gives each program its own. */
export function mayDrop(stack: Stack, service: Service): boolean {
  const { process } = service;
  if (!process || process.argv.some(word => word.value === "build")) return true;
  if (
    supervisors.test(process.program?.value ?? "") ||
    // What an entry script hands on to.
    supervisors.test((service.command ?? service.model?.cmd)?.words[0]?.value ?? "") ||
    process.argv.some(word => word.value === undefined && word === process.argv[0])
  )
    return true;
  const words = [
    service.entrypoint ?? service.model?.entrypoint,
    service.command ?? service.model?.cmd,
  ].flatMap(command => command?.words.map(word => word.value) ?? []);
  if (process.argv.some(word => /^--?(?:user|uid|u)(?:=|$)/.test(word.value ?? ""))) return true;
  if (process.commands.flat().some(word => drops.test(word.value ?? ""))) return true;
  return words.some(word => {
    if (!word || !/\.sh$|entrypoint|^\//.test(word)) return false;
    const script = containerScript(stack.scripts, stack.files, service, word);
    return script?.commands.some(command => command.words.some(each => drops.test(each.value ?? "")));
  });
}
