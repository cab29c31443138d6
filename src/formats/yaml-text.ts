/** YAML that is written anew: scalars that are read back as the text they were made of. */

const plain = /^[A-Za-z_./$][^\s:#,[\]{}&*!|>'"%@`\\]*(?: [^\s:#,[\]{}&*!|>'"%@`\\]+)*$/;
// What YAML 1.1 or 1.2 reads as something else than text.
const other = /^(?:true|false|yes|no|on|off|null|~|y|n|\.inf|\.nan)$/i;

/** A scalar for block context: as it is where that is safe, else in double quotes. */
export function yamlScalar(text: string): string {
  // `${X:-y}` is common in Compose, and safe: the colon is not followed by a blank.
  const shown = text.replace(/\$\{[A-Za-z_]\w*(?::?[-?+][^\s{}#,[\]&*!|>'"%@`\\]*)?\}/g, "$$X");
  // So is the colon before an image's tag, and in its registry's port.
  const image = /^[a-z][\w./-]*(?::[\w./-]+)*$/i.test(shown) && !/:$/.test(shown);
  return (plain.test(shown) || image) && !other.test(text) ? text : JSON.stringify(text);
}

/** `[a, "b c"]`: a flow sequence in which every text is quoted that needs it. */
export function yamlList(texts: readonly string[]): string {
  return `[${texts.map(text => (/^[A-Za-z_][\w.-]*$/.test(text) && !other.test(text) ? text : JSON.stringify(text))).join(", ")}]`;
}
