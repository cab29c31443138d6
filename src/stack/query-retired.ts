/** What GitHub no longer runs. Source: GitHub's change log (github.blog/changelog). */

/** When the two tables were last compared with it. */
export const retiredAsOf = "2026-05-01";

/** Major versions of actions that are refused. */
export const refusedActions: Readonly<Record<string, { readonly below: number; readonly since: string }>> = {
  "actions/upload-artifact": { below: 4, since: "30 January 2025" },
  "actions/download-artifact": { below: 4, since: "30 January 2025" },
  "actions/upload-pages-artifact": { below: 3, since: "30 January 2025" },
  "actions/deploy-pages": { below: 4, since: "30 January 2025" },
  "actions/cache": { below: 3, since: "1 March 2025" },
};

/** A runner that takes such a job with the same architecture. */
export const runnerInstead: Readonly<Record<string, string>> = {
  "ubuntu-16.04": "ubuntu-24.04",
  "ubuntu-18.04": "ubuntu-24.04",
  "ubuntu-20.04": "ubuntu-24.04",
  "windows-2016": "windows-2022",
  "windows-2019": "windows-2022",
};

/** Runner images that are gone: a job that asks for one waits for a day and is cancelled. */
export const goneRunners: Readonly<Record<string, string>> = {
  "ubuntu-16.04": "September 2021",
  "ubuntu-18.04": "April 2023",
  "ubuntu-20.04": "April 2025",
  "windows-2016": "April 2022",
  "windows-2019": "June 2025",
  "macos-10.15": "August 2022",
  "macos-11": "June 2024",
  "macos-12": "December 2024",
  "macos-13": "December 2025",
};
