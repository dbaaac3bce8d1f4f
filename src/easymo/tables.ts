/** A moment, as the driver reads it. */
export type Moment = Date | string

/** The EasyMO tables, as far as this preset reads them. Moments come as the driver reads them. */
export interface Profile {
  readonly user_id: string
  readonly wa_id: string | null
  readonly phone_number: string | null
  readonly whatsapp_e164: string | null
  readonly full_name: string | null
  readonly language: string | null
}

/** A row of `user_state`: where a conversation stands. */
export interface UserState<Data = unknown> {
  readonly user_id: string
  readonly key: string
  readonly data: Data
  /** Null for never; a number is `infinity`, as pg reads it; other drivers make an invalid `Date` of that. */
  readonly expires_at: Moment | number | null
}

/** A row of `app_config`. */
export interface AppConfig {
  readonly key: string
  readonly value: unknown
  readonly active: boolean
}

/** A row of `trips`, as {@link getActiveTrip} reads it; positions are in degrees. */
export interface Trip {
  readonly id: string | number
  readonly user_id: string
  readonly role: string
  readonly status: string
  readonly vehicle_type: string | null
  readonly pickup_lat: number | null
  readonly pickup_lng: number | null
  readonly dropoff_lat: number | null
  readonly dropoff_lng: number | null
  readonly matched_driver_id: string | null
  readonly created_at: Moment
}

/** A row of `insurance_leads`. */
export interface InsuranceLead {
  readonly id: string | number
  readonly whatsapp: string
  readonly status: string
  readonly created_at: Moment
}

/** A row of `insurance_claims`. */
export interface InsuranceClaim {
  readonly id: string | number
  readonly whatsapp: string
  readonly claim_type: string | null
  readonly status: string
  readonly submitted_at: Moment
  readonly reviewed_at: Moment | null
  readonly reviewer_comment: string | null
}

/** A row of `wallets`; the balance is text where the driver reads it so; {@link getWalletBalance} gives a number. */
export interface Wallet {
  readonly user_id: string
  readonly balance: number | string
}

/** A row of `wallet_transactions`; {@link getTransactionHistory} gives the amount as a number. */
export interface WalletTransaction {
  readonly id: string | number
  readonly user_id: string
  readonly type: string
  readonly amount: number
  readonly status: string
  readonly created_at: Moment
  readonly metadata: unknown
}

/** Where a user is, in degrees. */
export interface Location {
  readonly lat: number
  readonly lng: number
}

/** Where a user was, and since when that is known, as an ISO 8601 moment in UTC. */
export interface CachedLocation extends Location {
  readonly capturedAt: string
}

/** A row as it was read: the columns that this preset knows, and whatever else the table has. */
export type Row<Known> = Known & Readonly<Record<string, unknown>>
