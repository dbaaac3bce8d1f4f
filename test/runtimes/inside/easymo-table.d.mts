export function runTable(): Promise<readonly { readonly name: string; readonly error?: string }[]>
