import type { AppComponent } from "../stack/app/detect.ts";
import { isOpenView } from "../stack/app/open-view.ts";
import { type RunningAs, serves } from "../stack/app/routes.ts";

/** Names under which programs report on themselves, the usual ones first. */
const usual = [
  "/health",
  "/health/",
  "/healthz",
  "/api/health",
  "/api/health/",
  "/api/healthz",
  "/healthcheck",
  "/healthcheck/",
  "/health-check",
  "/health-check/",
  "/api/v1/health",
  "/api/v1/health/",
  "/health/live",
  "/health/live/",
  "/livez",
  "/ping",
  "/ping/",
  "/status",
  "/api/status",
  "/up",
];

/** A route of the component that is made for probes, and that it surely serves to everybody. */
export function healthRoute(component: AppComponent, running: RunningAs = {}): string | undefined {
  return usual.find(path => {
    const found = serves(component, path, running);
    return found.answer === "yes" && isOpenView(component, found, running.settingsModule);
  });
}
