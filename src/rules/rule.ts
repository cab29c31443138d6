import type { Rule } from "../core/rule.ts";
import type { Stack } from "../stack/stack.ts";

/** Gives a rule its types; adds nothing. */
export function defineRule(rule: Rule<Stack>): Rule<Stack> {
  return rule;
}
