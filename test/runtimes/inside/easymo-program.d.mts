import type { EasymoOptions } from '@easymo/perf/easymo'
export function startProgram(options: EasymoOptions): (request: Request) => Promise<Response>
