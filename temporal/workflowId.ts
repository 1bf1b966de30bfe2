/** The workflow ids of a brand's enrollments: `enrollment:<programId>:<brandKey>`, and `:2`, `:3` ... for later ones. */

export function firstWorkflowId(programId: string, brandKey: string): string {
  return `enrollment:${programId}:${brandKey}`;
}

/** The id after this one. Neither program ids nor brand keys hold a colon. */
export function nextWorkflowId(workflowId: string): string {
  const [kind, programId, brandKey, number = '1'] = workflowId.split(':');
  return `${kind}:${programId}:${brandKey}:${Number(number) + 1}`;
}
