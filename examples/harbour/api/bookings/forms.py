from datetime import date

from django import forms
from django.db.backends.postgresql.psycopg_any import DateRange

from .models import Booking


class BookingForm(forms.ModelForm):
    arrival = forms.DateField()
    departure = forms.DateField()

    class Meta:
        model = Booking
        fields = ["berth", "boat", "email"]

    def clean(self) -> dict:
        cleaned = super().clean()
        arrival, departure = cleaned.get("arrival"), cleaned.get("departure")
        if not arrival or not departure:
            return cleaned
        if arrival < date.today():
            self.add_error("arrival", "The day of arrival is over.")
        elif departure <= arrival:
            self.add_error("departure", "A stay has at least one night.")
        else:
            self.instance.stay = DateRange(arrival, departure)
        return cleaned
