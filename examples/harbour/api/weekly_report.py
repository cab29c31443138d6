"""Writes the arrivals of the week to the log, every Monday, for whoever prints them."""

import datetime
import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "harbour.settings")
django.setup()

from bookings.models import Booking  # noqa: E402

while True:
    today = datetime.date.today()
    if today.weekday() == 0:
        week = (today, today + datetime.timedelta(days=7))
        for booking in Booking.objects.filter(stay__overlap=week).select_related("berth"):
            print(booking.berth.name, booking.boat, booking.stay.lower, booking.stay.upper, flush=True)
    time.sleep(24 * 3600)
