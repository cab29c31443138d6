from django.urls import path

from . import views

urlpatterns = [
    path("health/", views.health, name="health"),
    path("berths/", views.berths, name="berths"),
    path("arrivals/", views.arrivals, name="arrivals"),
    path("bookings/", views.book, name="book"),
]
