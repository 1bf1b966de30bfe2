/** What the API of a survey partner says to a submitted key, and what of it is the program's template. */

export type PartnerKeyAnswer =
  | { outcome: 'invalid' }
  | {
      outcome: 'valid';
      /** What the survey asks, as shoppers see it now. */
      publishedPrompts: string[];
    };

/**
 * Whether the survey asks one of the program's attribution questions ("uses the approved template, which includes
 * attribution questions"; program page, 2). Brands write around the question, so it need only be contained.
 */
export function asksAttribution(
  publishedPrompts: readonly string[],
  attributionPrompts: readonly string[],
): boolean {
  const wanted = attributionPrompts.map((prompt) => prompt.trim().toLowerCase());
  return publishedPrompts.some((prompt) => wanted.some((text) => prompt.toLowerCase().includes(text)));
}
