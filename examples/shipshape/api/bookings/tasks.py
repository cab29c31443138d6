from celery import shared_task
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from .models import Booking


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=8)
def send_confirmation(booking_id: int) -> None:
    """Sends the mail once: the row is locked, so a task that is delivered twice finds it confirmed."""
    with transaction.atomic():
        booking = Booking.objects.select_for_update().select_related("berth").get(pk=booking_id)
        if booking.confirmed_at:
            return
        send_mail(
            subject=f"Berth {booking.berth.name} is yours",
            message=f"{booking.boat}: {booking.stay.lower} to {booking.stay.upper}.",
            from_email=None,
            recipient_list=[booking.email],
        )
        booking.confirmed_at = timezone.now()
        booking.save(update_fields=["confirmed_at"])
