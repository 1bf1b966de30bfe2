/** What the played endpoints of TikTok share: settings, refusals and how arrays come in a query. */

export interface TikTokSettings {
  /** How `advertiser/info` answers when it knows none of the ids. */
  unknownAdvertiser: 'code_40300' | 'empty_list';
  /** Pages are never longer than this, whatever `page_size` asks for. */
  reportPageSizeCap: number;
}

/** A result code other than 0, with the text that goes with it. */
export class TikTokRefusal extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** A JSON array of strings in one query parameter. */
export function stringArray(value: unknown, name: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(String(value));
  } catch {
    parsed = undefined;
  }
  if (!Array.isArray(parsed) || parsed.length === 0 || !parsed.every((item) => typeof item === 'string')) {
    throw new TikTokRefusal(40002, `${name}: Field must be a JSON array of strings.`);
  }
  return parsed;
}
