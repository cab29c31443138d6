import datetime

from celery import shared_task
from django.core.mail import send_mail

from .models import Booking


@shared_task
def send_confirmation(booking_id: int) -> None:
    booking = Booking.objects.select_related("berth").get(pk=booking_id)
    send_mail(
        subject=f"Berth {booking.berth.name} is yours",
        message=f"{booking.boat}: {booking.stay.lower} to {booking.stay.upper}.",
        from_email=None,
        recipient_list=[booking.email],
    )


@shared_task
def send_reminders() -> None:
    tomorrow = datetime.date.today() + datetime.timedelta(days=1)
    for booking in Booking.objects.filter(stay__startswith=tomorrow).select_related("berth"):
        send_mail(
            subject=f"Berth {booking.berth.name} from tomorrow",
            message=f"We expect {booking.boat}.",
            from_email=None,
            recipient_list=[booking.email],
        )
