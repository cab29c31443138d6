import type { Severity } from "../core/finding.ts";
import type { AppKind } from "./app/detect.ts";

/** Variables that switch a framework's debugging mode on, Django's settings apart. */

export interface DebugSwitch {
  readonly name: string;
  readonly on: RegExp;
  /** Kinds of program that read it; none for a name that only its own framework has. */
  readonly kinds?: readonly AppKind[];
  readonly command?: RegExp;
  readonly severity: Severity;
  readonly consequence: string;
  /** What it is in production. */
  readonly off: string;
}

const yes = /^(?:true|1|yes|on|t|y)$/i;
export const debugSwitches: readonly DebugSwitch[] = [
  {
    name: "FLASK_DEBUG",
    on: yes,
    kinds: ["flask"],
    command: /\bflask\b.*\brun\b/,
    severity: "high",
    consequence: "whoever provokes an error gets a debugger that runs Python",
    off: "0",
  },
  {
    name: "APP_DEBUG",
    on: yes,
    kinds: ["laravel"],
    severity: "high",
    consequence: "error pages show code, queries and parts of the configuration",
    off: "false",
  },
  {
    name: "RAILS_ENV",
    on: /^development$/,
    kinds: ["rails"],
    severity: "high",
    consequence: "error pages show code and parameters to everybody",
    off: "production",
  },
  {
    name: "NODE_ENV",
    on: /^dev(?:elopment)?$/,
    kinds: ["express", "nest", "next"],
    severity: "medium",
    consequence: "its libraries run their slower development code and answer errors with the stack",
    off: "production",
  },
  {
    name: "ASPNETCORE_ENVIRONMENT",
    on: /^development$/i,
    severity: "high",
    consequence: "the developer's error page shows code, headers and cookies to whoever provokes an error",
    off: "Production",
  },
];
