from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models.functions import Now


class Berth(models.Model):
    name = models.CharField(max_length=20, unique=True)
    length_metres = models.DecimalField(max_digits=4, decimal_places=1)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Booking(models.Model):
    berth = models.ForeignKey(Berth, on_delete=models.PROTECT, related_name="bookings")
    boat = models.CharField(max_length=80)
    email = models.EmailField()
    phone = models.CharField(max_length=20, blank=True)
    # Half-open: the day of departure is free for the next boat.
    stay = DateRangeField()
    created_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # The database refuses a second boat in the same berth, however many requests arrive at once.
            ExclusionConstraint(
                name="one_boat_in_a_berth",
                expressions=[("berth", RangeOperators.EQUAL), ("stay", RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.boat} in {self.berth_id}"
