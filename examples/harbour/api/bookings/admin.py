from django.contrib import admin

from .models import Berth, Booking


@admin.register(Berth)
class BerthAdmin(admin.ModelAdmin):
    list_display = ["name", "length_metres"]


@admin.register(Booking)
class BookingAdmin(admin.ModelAdmin):
    list_display = ["boat", "berth", "stay", "confirmed_at"]
    list_select_related = ["berth"]
    search_fields = ["boat", "email"]
