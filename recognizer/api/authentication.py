"""Who calls with a key: `Authorization: Bearer dgt_...`. The key itself is read here, hashed, and written nowhere."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied, Throttled
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from recognizer.api.serializers import ErrorSerializer
from recognizer.api.throttles import AddressThrottle, WindowThrottle, over_limit
from recognizer.contributor_cookie import key_of
from recognizer.models import ApiKey, Scope
from recognizer.models.api_keys import MARK

SCHEME = "bearer"
KEY_CHARACTERS = 100  # about twice a key of ours; longer ones are not even hashed
KEY_ERRORS = {
    401: OpenApiResponse(ErrorSerializer, description="No key, or one that may not be used; `detail` says why."),
    403: OpenApiResponse(ErrorSerializer, description="The key is not for this, or its owner may not do it."),
    429: OpenApiResponse(ErrorSerializer, description="Too many calls with this key; Retry-After says for how long."),
}


class RefusedKeys(AddressThrottle):
    scope, limit = "refused-keys", 60  # wrong keys a minute from one address: a misconfigured program, not a search


class CallsByKey(WindowThrottle):
    """Counts each key for itself, whatever address it comes from."""

    scope = "key"

    def identify(self, request: Request) -> str | None:
        key = key_of(request)
        if key is None:
            return None
        self.limit = key.calls_a_minute
        return str(key.pk)


class KeyAuthentication(BaseAuthentication):
    """Take a key of ours. Another scheme, or another bearer token, is a proxy's matter and says nothing here."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != SCHEME or not secret.strip().startswith(MARK):
            return None
        key = ApiKey.objects.find(secret.strip()[:KEY_CHARACTERS])
        refusal = "There is no such key here." if key is None else key.refusal
        if key is None or refusal:
            throttle = RefusedKeys()
            if over_limit([throttle], request):
                raise Throttled(throttle.wait())
            raise AuthenticationFailed(refusal)
        key.note_use()
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Digitre"'


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself by being defined
    target_class = KeyAuthentication
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": SCHEME, "description": "A key, made in the admin: `dgt_...`."}


class HasScope(BasePermission):
    """The call has a key, and the key is for what the view's `key_scope` names ("": any key will do)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        key = key_of(request)
        if key is None:
            raise NotAuthenticated("This call needs a key: Authorization: Bearer dgt_...")
        return check_scope(key, getattr(view, "key_scope", ""))


class HasScopeIfKey(BasePermission):
    """Anybody may call; who comes with a key needs one that is for this."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        key = key_of(request)
        return key is None or check_scope(key, getattr(view, "key_scope", ""))


class KeyView(APIView):
    """A call that needs a key."""

    authentication_classes = [KeyAuthentication]
    permission_classes = [HasScope]
    throttle_classes = [CallsByKey]
    key_scope = ""

    @property
    def key(self) -> ApiKey:
        key = key_of(self.request)
        assert key is not None  # HasScope let it pass
        return key


class MayHaveKey(APIView):
    """A call of visitors that a program may make by a key: then that is counted, not the address, and no cookie is read."""

    authentication_classes = [KeyAuthentication]
    permission_classes = [AllowAny, HasScopeIfKey]  # the first one says so in the schema
    key_scope = Scope.DRAW

    def get_throttles(self) -> list[BaseThrottle]:
        return [CallsByKey()] if key_of(self.request) else self.visitor_throttles()

    def visitor_throttles(self) -> list[BaseThrottle]:
        return super().get_throttles()


def check_scope(key: ApiKey, scope: str) -> bool:
    """Return True.

    Raises:
        PermissionDenied: the key is not for this, or its owner may not do it; the sentence says which.
    """
    if scope and scope not in key.scopes:
        raise PermissionDenied(f"This key is for {' and '.join(key.scopes) or 'nothing'}, not to {scope}.")
    if scope and not key.may(scope):
        raise PermissionDenied(f"The owner of this key may not {scope} any more.")
    return True
