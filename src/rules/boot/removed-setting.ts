import { evidence, listPlain, weigh } from "../../stack/query.ts";
import { type RemovedSetting, removedSettings } from "../../stack/query-removed-settings.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/removed-setting",
  title: "Every setting for storages is one that the installed Django reads",
  claim: "configured-completely",
  severity: "high",
  why: "Django passes over it without a word: uploads go to the container's own disk, and the next container does not have them, or static files go out without what the storage adds.",
  *check(stack) {
    for (const found of removedSettings(stack)) {
      const { here, installed } = found[0];
      yield {
        subject: here.settings.file,
        message: `Django in service "${here.service.name}" does not read ${listPlain(found.map(each => each.name))}: since 5.1 it knows STORAGES alone, and ${listPlain(found.map(lost))}.`,
        severity: weigh(here.service, severityOf(found)),
        confidence: installed.exact && here.complete ? "certain" : "likely",
        evidence: [
          evidence(found[0].at, "not read since Django 5.1"),
          ...found.slice(1).map(({ at }) => evidence(at, "not read since Django 5.1")),
          evidence(installed.at, installed.says),
        ],
      };
    }
  },
});

function lost({ name, remote }: RemovedSetting): string {
  if (name === "DEFAULT_FILE_STORAGE") return "what visitors send is kept on the container's own disk";
  return remote
    ? "static files stay on the container's own disk"
    : "static files keep their plain names and sizes";
}

function severityOf(found: readonly RemovedSetting[]): "high" | "medium" | "low" {
  if (found.some(({ remote }) => remote)) return "high";
  return found.some(({ name }) => name === "DEFAULT_FILE_STORAGE") ? "medium" : "low";
}
