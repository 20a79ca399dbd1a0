# Shared by every face: the frame of a page and what can go wrong anywhere.

skip = Go to the content
menu = Menu
to-home = Back to the home page
error-id = Reference to give when you report this:

problem-bad-request-title = This request cannot be understood
problem-bad-request-text = Something in it is missing or not written as it should be. Nothing has been done. Go back and try again.
problem-forbidden-title = You may not do this
problem-forbidden-text = The page or action is not open to you as you are signed in now.
problem-not-found-title = This page does not exist
problem-not-found-text = The address may be incomplete, or the page may have moved or expired.
problem-method-title = This address does not work that way
problem-method-text = It was opened in a way it does not offer. Start again from the home page.
problem-slow-request-title = The request took too long
problem-slow-request-text = Your connection sent it too slowly and we stopped waiting. Nothing has been done. Try again.
problem-too-large-title = This is too much at once
problem-too-large-text = What was sent is larger than the 64 KiB we take. Shorten it and send it again.
problem-media-type-title = This form of content is not read here
problem-media-type-text = Send the form as your browser does by itself.
problem-too-many-title = Too many attempts
problem-too-many-text = For your safety we are making a pause. Wait a moment, then try again.
problem-unavailable-title = One moment, please
problem-unavailable-text = A part of the service is not answering. Nothing has been done. Try again in a few seconds.
problem-internal-title = Something went wrong on our side
problem-internal-text = It is not your fault, and the details have been noted. Try again later.
problem-other-host-title = Wrong address
problem-other-host-text = This service answers only at { $origin }.
problem-form-expired-title = This form is no longer valid
problem-form-expired-text = You signed in or out since it was opened, or your browser does not keep cookies. Nothing has been done. Open the page again and send it once more.
problem-form-origin-title = This form came from somewhere else
problem-form-origin-text = Your browser says that another site sent it. Nothing has been done. If you meant to do this, start from our own pages.
problem-form-incomplete-title = The form is not complete
problem-form-incomplete-text = A field is missing or does not hold what is expected there. Go back and check what you entered.
problem-form-doubled-title = The form holds a field twice
problem-form-doubled-text = We cannot tell which value you mean. Nothing has been done. Open the page again and send it once more.
