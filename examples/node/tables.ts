/** The rows that the example reads. */
export interface Profile {
  readonly user_id: string
  readonly wa_id: string
  readonly full_name: string | null
  readonly language: string | null
}

export interface Trip {
  readonly id: number
  readonly user_id: string
  readonly status: string
  readonly created_at: Date
}
