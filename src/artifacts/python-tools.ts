/** Modules that only people who write the program need; settings look whether they are there before they load them. */
export const toolModules: ReadonlySet<string> = new Set([
  "debug_toolbar",
  "silk",
  "django_extensions",
  "django_browser_reload",
  "nplusone",
]);
