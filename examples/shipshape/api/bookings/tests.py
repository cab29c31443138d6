from datetime import date, timedelta
from unittest.mock import patch

from django.db import OperationalError
from django.test import TestCase

from .models import Berth, Booking


class BookingTests(TestCase):
    def setUp(self) -> None:
        self.berth = Berth.objects.create(name="A1", length_metres="12.5")
        self.client.defaults["HTTP_X_FORWARDED_PROTO"] = "https"

    def book(self, first_night: int, nights: int = 2):
        arrival = date.today() + timedelta(days=first_night)
        body = {
            "berth": self.berth.pk,
            "boat": "Petrel",
            "email": "skipper@example.com",
            "arrival": arrival.isoformat(),
            "departure": (arrival + timedelta(days=nights)).isoformat(),
        }
        return self.client.post("/api/bookings/", body, content_type="application/json")

    def test_a_free_berth_is_booked_and_the_mail_is_queued(self) -> None:
        with (
            patch("bookings.views.send_confirmation.delay") as queued,
            self.captureOnCommitCallbacks(execute=True),
        ):
            self.assertEqual(self.book(1).status_code, 201)
        queued.assert_called_once_with(Booking.objects.get().pk)

    def test_a_taken_berth_is_refused(self) -> None:
        self.assertEqual(self.book(1).status_code, 201)
        self.assertEqual(self.book(2).status_code, 409)
        self.assertEqual(Booking.objects.count(), 1)

    def test_the_day_of_departure_is_free(self) -> None:
        self.assertEqual(self.book(1).status_code, 201)
        self.assertEqual(self.book(3).status_code, 201)

    def test_a_broker_that_is_down_does_not_lose_the_booking(self) -> None:
        with patch("bookings.views.send_confirmation.delay", side_effect=OSError):
            with self.captureOnCommitCallbacks(execute=True):
                self.assertEqual(self.book(1).status_code, 201)

    def test_nonsense_is_named(self) -> None:
        self.assertEqual(self.book(-2).status_code, 422)
        self.assertEqual(self.client.post("/api/bookings/", "[", content_type="application/json").status_code, 400)


class HealthTests(TestCase):
    def test_healthy_over_plain_http(self) -> None:
        self.assertEqual(self.client.get("/api/health/").status_code, 200)

    def test_unhealthy_without_a_database(self) -> None:
        with patch("bookings.views.connection.cursor", side_effect=OperationalError):
            self.assertEqual(self.client.get("/api/health/").status_code, 503)
