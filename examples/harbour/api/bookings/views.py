import datetime
import json

from django.db import IntegrityError, transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from .forms import BookingForm
from .models import Berth, Booking
from .tasks import send_confirmation


@require_GET
def health(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok", "database": "ok"})


@require_GET
def berths(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"berths": list(Berth.objects.values("id", "name", "length_metres"))})


@require_GET
def arrivals(request: HttpRequest) -> JsonResponse:
    today = Booking.objects.filter(stay__startswith=datetime.date.today()).select_related("berth")
    return JsonResponse({"arrivals": [{"berth": one.berth.name, "boat": one.boat} for one in today]})


@csrf_exempt
@require_POST
def book(request: HttpRequest) -> JsonResponse:
    form = BookingForm(json.loads(request.body))
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    try:
        with transaction.atomic():
            booking = form.save()
    except IntegrityError:
        return JsonResponse({"errors": {"berth": ["The berth is taken on these days."]}}, status=409)
    send_confirmation.delay(booking.pk)
    return JsonResponse({"id": booking.pk}, status=201)
