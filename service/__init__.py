"""What the service is and knows. Nothing here knows how phones (`ussd`) or the clock (`jobs`) reach it."""
