/** The EasyMO tables, as far as this preset reads them. Moments come as the driver reads them. */
export interface Profile {
  readonly user_id: string
  readonly wa_id: string | null
  readonly phone_number: string | null
  readonly whatsapp_e164: string | null
  readonly full_name: string | null
  readonly language: string | null
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
  readonly created_at: Date | string
}

/** A row of `wallets`; the balance is text where the driver reads it so; {@link getWalletBalance} gives a number. */
export interface Wallet {
  readonly user_id: string
  readonly balance: number | string
}
