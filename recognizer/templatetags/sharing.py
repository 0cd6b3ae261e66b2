"""What a page says of itself to who links to it. Those who read it know no page to complete an address by."""

from django import template
from django.http import HttpRequest
from django.templatetags.static import static

register = template.Library()


@register.simple_tag(takes_context=True)
def shared_url(context: template.Context) -> str:
    """Return the page's own address, without what was asked of it."""
    request: HttpRequest = context["request"]
    return request.build_absolute_uri(request.path)


@register.simple_tag(takes_context=True)
def shared_picture(context: template.Context) -> str:
    request: HttpRequest = context["request"]
    return request.build_absolute_uri(static("icons/card.png"))
