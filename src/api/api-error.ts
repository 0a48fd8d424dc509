import type { ApiResponse, ErrorCode } from './requests.ts';

export type ErrorResponse = Extract<ApiResponse, { readonly kind: 'error' }>;

/** An answer that says what went wrong and, where it is known, what to do. */
export function apiError(code: ErrorCode, message: string, hint?: string): ErrorResponse {
  return { kind: 'error', code, message, hint };
}
