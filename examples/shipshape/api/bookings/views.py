import json
import logging

from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from .forms import BookingForm
from .models import Berth
from .tasks import send_confirmation

log = logging.getLogger(__name__)


@require_GET
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, 503 when it does not. The worker has a probe of its own."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM bookings_berth LIMIT 1")
    except DatabaseError:
        log.exception("the database does not answer")
        return JsonResponse({"status": "unavailable"}, status=503)
    return JsonResponse({"status": "ok"})


@require_GET
def berths(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"berths": list(Berth.objects.values("id", "name", "length_metres"))})


# Anonymous and without a cookie: there is no session that a foreign page could ride on.
@csrf_exempt
@require_POST
def book(request: HttpRequest) -> JsonResponse:
    try:
        payload = json.loads(request.body)
    except ValueError:
        return JsonResponse({"errors": {"__all__": ["The body is not JSON."]}}, status=400)
    form = BookingForm(payload if isinstance(payload, dict) else {})
    taken = JsonResponse({"errors": {"berth": ["The berth is taken on these days."]}}, status=409)
    try:
        with transaction.atomic():
            if not form.is_valid():
                return JsonResponse({"errors": form.errors}, status=422)
            booking = form.save()
            # robust: a broker that is down costs the mail, not the booking; `send_confirmations` catches up.
            transaction.on_commit(lambda: send_confirmation.delay(booking.pk), robust=True)
    except (IntegrityError, ValidationError):
        return taken
    return JsonResponse({"id": booking.pk}, status=201)
