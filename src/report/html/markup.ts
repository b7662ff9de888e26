/** HTML from text: everything that is not written here is escaped. */

/** Markup that is safe to put into a page as it is. */
export interface Markup {
  readonly html: string;
}

type Part = string | number | Markup | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Tagged template: values are escaped, for elements and quoted attributes alike. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const filled = texts.map((text, index) => {
    const part = parts[index];
    return part === undefined ? text : `${text}${htmlOf(part)}`;
  });
  return { html: filled.join('') };
}

/** Our own text that must not be escaped: styles and scripts. */
export function verbatim(text: string): Markup {
  return { html: text };
}

function htmlOf(part: Part): string {
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escaped(part);
  return 'html' in part ? part.html : part.map((one) => one.html).join('');
}

/** Control and direction characters go too: a name must not turn around what stands beside it. */
function escaped(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
