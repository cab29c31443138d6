from django.core.management.base import BaseCommand

from bookings.models import Booking
from bookings.tasks import send_confirmation


class Command(BaseCommand):
    help = "Queues the confirmation of every booking that has none, for the time after an outage of the broker."

    def handle(self, *args: object, **options: object) -> None:
        waiting = Booking.objects.filter(confirmed_at=None).values_list("pk", flat=True)
        for booking_id in waiting:
            send_confirmation.delay(booking_id)
        self.stdout.write(f"{len(waiting)} queued")
